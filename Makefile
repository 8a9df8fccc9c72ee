# Firn. `make run` installs what is missing, builds and runs a real program; `make test` does the same and runs all tests.
#
#   make [BUILD=release|debug|asan]   build/firn, build/libfirn.a, build/libfirn.so (other builds: build/BUILD/)
#   make test-programs test-unit      parts of `make test`      make spec    rewrites spec.md's generated tables
#   make fuzz [FUZZ_RUNS=N]           the module fuzzer         make bench   speed against other languages
#   make CROSS=aarch64|s390x          builds for another machine (build/CROSS/)        make test-cross test-cross-sample   tests on both

BUILD ?= release
O := build$(addprefix /,$(CROSS))$(addprefix /,$(filter-out release,$(BUILD)))
CC ?= gcc
FUZZ_CC ?= clang
PREFIX_PACKAGES := gcc libc6-dev pkg-config libgc-dev libutf8proc-dev libmpfr-dev libgmp-dev libmd-dev libzstd-dev check
TEST_PACKAGES := clang libclang-rt-14-dev

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
CFLAGS_release := -O2 -g1
CFLAGS_debug := -O0 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ifdef CROSS
SYSROOT := build/sysroot/$(CROSS)
CC := $(CROSS)-linux-gnu-gcc
CROSS_FLAGS := -static -isystem $(SYSROOT)/usr/include -isystem $(SYSROOT)/usr/include/$(CROSS)-linux-gnu -L$(SYSROOT)/usr/lib/$(CROSS)-linux-gnu
endif
# Tools of the build itself run here.
HOST_CC ?= gcc
HOST_O := $(if $(CROSS),build,$(O))
CFLAGS := -std=gnu11 -I. -ffp-contract=off -fno-math-errno $(WARN) $(CFLAGS_$(BUILD)) $(CROSS_FLAGS) $(EXTRA_CFLAGS)
LIBDIR := $(shell $(CC) -print-multiarch 2>/dev/null)
STATIC = $(foreach l,$(1),$(firstword $(wildcard $(SYSROOT)/usr/lib/$(LIBDIR)/lib$(l).a) -l$(l)))
# A smaller file to read and relocate at start.
LDFLAGS := $(if $(CROSS),,-Wl,-z,pack-relative-relocs)
LIBS := $(call STATIC,gc utf8proc mpfr gmp md zstd) -lpthread -ldl -lm

VM := $(wildcard vm/*.c)
COMPILER := $(wildcard compiler/*.c)
STDLIB := $(wildcard stdlib/*.c)
CLI := $(wildcard cli/*.c)
LIB_OBJECTS := $(patsubst %.c,$(O)/%.o,$(VM) $(COMPILER) $(STDLIB)) $(O)/library.o
CLI_OBJECTS := $(patsubst %.c,$(O)/%.o,$(CLI))
PIC_OBJECTS := $(patsubst $(O)/%.o,$(O)/pic/%.o,$(LIB_OBJECTS))
UNIT := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all run test test-unit test-programs test-fuzz fuzz deps test-deps bench spec check-spec clean
all: $(O)/firn $(O)/libfirn.a $(O)/libfirn.so

run: deps
	@$(MAKE) --no-print-directory -j2 $(O)/firn
	$(O)/firn examples/wordfreq.firn < /usr/share/common-licenses/GPL-3

test: deps test-deps
	@$(MAKE) --no-print-directory -j2 all $(O)/runner $(UNIT)
	@$(MAKE) --no-print-directory check-spec test-unit test-programs test-fuzz

# Installs missing packages; nothing happens when all are there.
deps test-deps:
	@sh tools/deps.sh $(if $(filter deps,$@),$(PREFIX_PACKAGES),$(TEST_PACKAGES))

$(O)/firn: $(CLI_OBJECTS) $(LIB_OBJECTS)
	@echo "  LD  $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/libfirn.a: $(LIB_OBJECTS)
	@echo "  AR  $@"
	@rm -f $@ && ar rcs $@ $^

$(O)/libfirn.so: $(PIC_OBJECTS)
	@echo "  LD  $@"
	@$(CC) $(CFLAGS) -shared -Wl,-soname,libfirn.so.0 -o $@ $^ -lgc -lutf8proc -lmpfr -lmd -lzstd -lpthread -lm

$(O)/library.c: $(HOST_O)/embed $(wildcard stdlib/*.firn)
	@mkdir -p $(@D)
	$(HOST_O)/embed $(sort $(wildcard stdlib/*.firn)) > $@

$(HOST_O)/embed: tools/embed.c
	@mkdir -p $(@D)
	$(HOST_CC) -O1 -o $@ $<

$(O)/library.o: $(O)/library.c
	$(CC) $(CFLAGS) -c -o $@ $<
$(O)/pic/library.o: $(O)/library.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -c -o $@ $<

# The interpreter's dispatch must stay one indirect jump for each handler.
$(O)/vm/interp.o $(O)/pic/vm/interp.o: EXTRA_CFLAGS += $(if $(filter release,$(BUILD)),-fno-gcse -fno-crossjumping -fno-strict-aliasing -fno-tree-loop-distribute-patterns)

$(O)/%.o: %.c
	@mkdir -p $(@D) && echo "  CC  $@"
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/pic/%.o: %.c
	@mkdir -p $(@D) && echo "  CC  $@"
	@$(CC) $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<
-include $(shell find $(O) -name '*.d' 2>/dev/null)

# Tests
$(O)/unit/%: tests/unit/%.c $(O)/libfirn.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< -Wl,--whole-archive $(O)/libfirn.a -Wl,--no-whole-archive -lcheck -lsubunit -lrt $(LIBS)
$(O)/runner: tests/runner.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $<

test-unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

TOUR := $(firstword $(wildcard ../shared/tour.md) docs/tour.md)
test-programs: $(O)/firn $(O)/runner
	$(O)/runner --firn $(O)/firn tests/programs
	$(O)/runner --firn $(O)/firn --tour $(TOUR)
	sh tests/cli.sh $(O)/firn

# The fuzzer: objects of its own, by clang. The interpreter without optimisation: clang takes minutes for its instrumented jumps.
FUZZ_RUNS ?= 20000
FUZZ_FLAGS := -std=gnu11 -I. -ffp-contract=off -fno-math-errno $(WARN) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_OBJECTS := $(patsubst %.c,$(O)/fuzz/%.o,$(VM) $(STDLIB) $(wildcard tests/fuzz/*.c))
SOURCE_RUNS ?= 10000
test-fuzz: $(O)/fuzz_module $(O)/fuzz_source $(O)/firn
	$(O)/fuzz_source --runs $(SOURCE_RUNS) --save $(O)/failed tests/programs examples
	@mkdir -p $(O)/seeds && sh tests/fuzz/seeds.sh $(O)/firn $(O)/seeds
	$(O)/fuzz_module -runs=$(FUZZ_RUNS) -seed=1 -max_len=16384 -timeout=20 -rss_limit_mb=2048 -verbosity=0 $(O)/seeds < /dev/null
# Goes on from what earlier runs found, kept in $(O)/corpus.
fuzz: $(O)/fuzz_module $(O)/firn
	@mkdir -p $(O)/corpus $(O)/seeds && sh tests/fuzz/seeds.sh $(O)/firn $(O)/seeds
	$(O)/fuzz_module -runs=$(FUZZ_RUNS) -max_len=16384 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 $(O)/corpus $(O)/seeds < /dev/null
$(O)/fuzz_module: $(FUZZ_OBJECTS)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
$(O)/fuzz/vm/interp.o: FUZZ_FLAGS += -O0
$(O)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(O)/fuzz_source: tests/fuzz/fuzz_source.c $(O)/libfirn.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< -Wl,--whole-archive $(O)/libfirn.a -Wl,--no-whole-archive $(LIBS)

# spec.md's tables come from the .def files; check-spec fails when they differ.
spec check-spec: $(O)/spectables
	@$(O)/spectables $(if $(filter check-spec,$@),--check) spec.md
$(O)/spectables: tools/spectables.c vm/op.c vm/type.c vm/bump.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^

bench: $(O)/firn
	bench/run $(O)/firn

clean:
	rm -rf build
