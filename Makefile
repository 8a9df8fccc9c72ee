# Firn. `make run` installs what is missing, builds and runs a real program; `make test` does the same and runs all tests.
#
#   make [BUILD=release|debug|asan|tsan]  build/firn, build/libfirn.a, build/libfirn.so (other builds: build/BUILD/)
#   make install [PREFIX=/usr/local DESTDIR=]   the command, the library, its header, firn.pc, firn.1        make uninstall   removes them
#   make test-programs test-unit      parts of `make test`      make spec docs    rewrites spec.md's generated tables; docs/library
#   make test-tier                    limits and memory again, with the compiling tier on
#   make fuzz fuzz-image [FUZZ_RUNS=N IMAGE_RUNS=N]   fuzzers    make random [RUNS=N SEED=S]   random programs    make bench   speed against other languages
#   make CROSS=aarch64|s390x          builds for another machine (build/CROSS/)        make test-cross test-cross-sample   tests on both

BUILD ?= release
O := build$(addprefix /,$(CROSS))$(addprefix /,$(filter-out release,$(BUILD)))
CC ?= gcc
FUZZ_CC ?= clang
BUILD_PACKAGES := gcc libc6-dev pkg-config libgc-dev libutf8proc-dev libmpfr-dev libgmp-dev libmd-dev libzstd-dev libuv1-dev check
JIT_PACKAGES := llvm-19-dev clang-19
TEST_PACKAGES := $(JIT_PACKAGES) clang libclang-rt-14-dev lld g++ unicode-data bzip2

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
CFLAGS_release := -O2 -g1
CFLAGS_debug := -O0 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS = -std=gnu11 -I. -fvisibility=hidden -ffp-contract=off -fno-math-errno $(WARN) $(CFLAGS_$(BUILD)) $(EXTRA_CFLAGS)
LIBRARIES := gc utf8proc mpfr gmp md zstd uv_a
ifdef CROSS
SYSROOT := build/sysroot/$(CROSS)
SYSROOT_READY := $(SYSROOT)/packages
SYSROOT_LIB := $(SYSROOT)/usr/lib/$(CROSS)-linux-gnu
CC := $(CROSS)-linux-gnu-gcc
CFLAGS += -static -DFIRN_NO_PLUGINS -isystem $(SYSROOT)/usr/include -isystem $(SYSROOT)/usr/include/$(CROSS)-linux-gnu -L$(SYSROOT_LIB)
LIBS := $(LIBRARIES:%=$(SYSROOT_LIB)/lib%.a)
BINUTILS := $(CROSS)-linux-gnu-
EMULATOR := CK_TIMEOUT_MULTIPLIER=40 TEST_STRIDE=7 qemu-$(CROSS)-static
else
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
LIBS := $(foreach l,$(LIBRARIES),$(firstword $(wildcard /usr/lib/$(MULTIARCH)/lib$(l).a) -l$(l)))
# A smaller file to read and relocate at start.
LDFLAGS := -Wl,-z,pack-relative-relocs
endif
# libgc goes into the library, unseen from outside, unless there is only a shared one; the other libraries stay outside.
GC := $(filter %/libgc.a,$(LIBS))
LIBS_OUTSIDE := $(if $(GC),,-lgc) $(patsubst %,-l%,$(filter-out gc uv_a,$(LIBRARIES))) -lpthread -ldl -lm
LIBS += -lpthread -ldl -lm
# What the build itself runs is always for this machine.
HOST_CC ?= $(if $(CROSS),gcc,$(CC))
HOST_O := $(if $(CROSS),build,$(O))

# The compiling tier, where LLVM and a clang of its version are: the same that the plugin's templates are compiled by.
LLVM_CONFIG ?= llvm-config-19
JIT_CLANG ?= clang-19
ifndef CROSS
LLVM_FLAGS := $(shell $(LLVM_CONFIG) --includedir 2>/dev/null)
JIT := $(and $(LLVM_FLAGS),$(shell command -v $(JIT_CLANG)),$(O)/firn-jit.so)
endif

VM := $(wildcard vm/*.c)
COMPILER := $(wildcard compiler/*.c)
STDLIB := $(wildcard stdlib/*.c)
EMBED := $(wildcard embed/*.c)
CLI := $(wildcard cli/*.c)
LIB_OBJECTS := $(patsubst %.c,$(O)/%.o,$(VM) $(COMPILER) $(STDLIB) $(EMBED)) $(O)/library.o
CLI_OBJECTS := $(patsubst %.c,$(O)/%.o,$(CLI)) $(O)/explanation.o
PIC_OBJECTS := $(patsubst $(O)/%.o,$(O)/pic/%.o,$(LIB_OBJECTS))
UNIT := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))
ifdef CROSS
# They measure time and memory, of which an emulator takes its own.
UNIT := $(filter-out %/test_adversary %/test_soak,$(UNIT))
endif

# The header is the one place of the version.
HEADER := include/firn.h
VERSION_PARTS := $(foreach part,MAJOR MINOR PATCH,$(shell sed -n 's/^.define FIRN_VERSION_$(part) //p' $(HEADER)))
VERSION := $(subst $() ,.,$(VERSION_PARTS))
SONAME := libfirn.so.$(firstword $(VERSION_PARTS))

FIRN := $(O)/firn$(if $(CROSS),-qemu)

.PHONY: all jit no-jit run install uninstall test test-cross test-cross-sample test-cross-one test-cross-sample-one test-layers test-unit test-tier test-programs test-embedding test-stress test-install test-faults test-asan test-tsan test-fuzz random fuzz fuzz-image deps test-deps bench spec check-spec docs check-docs clean
all: $(O)/firn $(O)/libfirn.a $(if $(CROSS),,$(O)/libfirn.so $(or $(JIT),no-jit))
no-jit:
	@echo "  no $(LLVM_CONFIG) or $(JIT_CLANG): without the compiling tier (make jit installs them, and builds it)"

# The compiling tier, with what it needs.
jit: deps
	@sh tools/deps.sh $(JIT_PACKAGES)
	@$(MAKE) --no-print-directory -j2 all

run: deps
	@$(MAKE) --no-print-directory -j2 $(O)/firn
	$(O)/firn examples/wordfreq.firn < /usr/share/common-licenses/GPL-3

test: deps test-deps
	@$(MAKE) --no-print-directory -j2 all $(HOST_O)/runner $(UNIT)
	@$(MAKE) --no-print-directory check-spec check-docs test-layers test-unit test-programs test-embedding test-stress $(if $(filter asan,$(BUILD)),,test-install test-faults) test-fuzz random

# Installs missing packages; nothing happens when all are there.
deps test-deps:
	@sh tools/deps.sh $(if $(filter deps,$@),$(BUILD_PACKAGES),$(TEST_PACKAGES))

$(O)/firn: $(CLI_OBJECTS) $(LIB_OBJECTS)
	@echo "  LD  $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# All in one object, so that a host gets the natives too, which are found through their section; of its names the host sees those of the header.
$(O)/libfirn.a: $(LIB_OBJECTS) $(O)/exports
	@echo "  AR  $@"
	@$(CC) -r -nostdlib -o $(O)/libfirn.o $(LIB_OBJECTS) $(GC)
	@$(BINUTILS)objcopy --keep-global-symbols=$(O)/exports $(O)/libfirn.o
	@rm -f $@ && ar rcs $@ $(O)/libfirn.o

# nodelete: dlclose would leave libgc's and thread-local state behind.
$(O)/libfirn.so: $(PIC_OBJECTS) $(O)/exports.map
	@echo "  LD  $@"
	@$(CC) $(CFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,-z,nodelete,--as-needed,--version-script=$(O)/exports.map -o $@ $(PIC_OBJECTS) $(GC) $(LIBS_OUTSIDE)

# The plugin has copies of what it shares with the machine in source; whatever has state it is given (vm/tier_symbols.def). Its templates (jit/runtime.c) are
# bitcode in it.
JIT_OBJECTS := $(patsubst %.c,$(O)/pic/%.o,$(filter-out jit/runtime.c,$(wildcard jit/*.c)) vm/op.c vm/type.c vm/bump.c) $(O)/pic/jit/templates.o
$(O)/firn-jit.so: $(JIT_OBJECTS)
	@echo "  LD  $@"
	@$(CC) $(CFLAGS) -shared -Wl,--no-undefined -o $@ $^ $(if $(filter asan,$(BUILD)),-lasan -lubsan) -L$(shell $(LLVM_CONFIG) --libdir) -lLLVM-19
$(O)/pic/jit/%.o: EXTRA_CFLAGS += -isystem $(LLVM_FLAGS)
# As functions that stand wherever they are used, so that a unit gets only those that it does use.
$(O)/jit/runtime.bc: jit/runtime.c
	@mkdir -p $(@D) && echo "  BC  $@"
	@$(JIT_CLANG) -std=gnu11 -I. -O2 -ffp-contract=off -fno-math-errno $(filter-out -Wmissing-prototypes,$(WARN)) -MMD -MP -MF $(@:.bc=.d) -MT $@ -emit-llvm -S -o $@.ll $<
	@sed -i 's/^define dso_local /define linkonce_odr /' $@.ll
	@$(JIT_CLANG) -Xclang -disable-llvm-passes -emit-llvm -c -o $@ $@.ll
$(O)/jit/templates.c: $(O)/jit/runtime.bc
	@(echo 'extern const unsigned char runtime_bitcode[]; extern const unsigned runtime_bitcode_size; const unsigned char runtime_bitcode[] = {'; \
	  od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g'; echo '}; const unsigned runtime_bitcode_size = sizeof runtime_bitcode;') > $@
$(O)/pic/jit/templates.o: $(O)/jit/templates.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fPIC -c -o $@ $<

# The functions that the header declares: one a line, and as the linker wants them.
$(O)/exports: $(HEADER)
	@mkdir -p $(@D)
	sed -nE 's/^FIRN_API [^(]*\<(firn_[a-z0-9_]+)\(.*/\1/p' $< | sort > $@
$(O)/exports.map: $(O)/exports
	(echo '{ global:'; sed 's/$$/;/' $<; echo 'local: *; };') > $@

# For tests: every name.
$(O)/libfirn-internal.a: $(LIB_OBJECTS)
	@echo "  AR  $@"
	@rm -f $@ && ar rcs $@ $^

$(O)/library.c: $(HOST_O)/embed-texts $(wildcard stdlib/*.firn)
	@mkdir -p $(@D)
	$(HOST_O)/embed-texts library $(sort $(wildcard stdlib/*.firn)) > $@

$(O)/explanation.c: $(HOST_O)/embed-texts $(wildcard docs/diagnostics/*.md)
	@mkdir -p $(@D)
	$(HOST_O)/embed-texts explanation $(sort $(wildcard docs/diagnostics/*.md)) > $@

$(HOST_O)/embed-texts: tools/embed.c
	@mkdir -p $(@D)
	$(HOST_CC) -O1 -o $@ $<

$(O)/library.o $(O)/explanation.o: $(O)/%.o: $(O)/%.c | $(SYSROOT_READY)
	$(CC) $(CFLAGS) -c -o $@ $<
$(O)/pic/library.o: $(O)/library.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -c -o $@ $<

# The interpreter's dispatch must stay one indirect jump for each handler.
DISPATCH_FLAGS := -fno-strict-aliasing $(if $(findstring clang,$(CC)),,-fno-gcse -fno-crossjumping -fno-tree-loop-distribute-patterns)
$(O)/vm/interp.o $(O)/pic/vm/interp.o: EXTRA_CFLAGS += $(if $(filter release,$(BUILD)),$(DISPATCH_FLAGS))

$(O)/%.o: %.c | $(SYSROOT_READY)
	@[ ! -f $(@D) ] || rm $(@D)
	@mkdir -p $(@D) && echo "  CC  $@"
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/pic/%.o: %.c
	@mkdir -p $(@D) && echo "  CC  $@"
	@$(CC) $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<
-include $(shell find $(O) -name '*.d' 2>/dev/null)

# Installing
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
LIBFIRN := libfirn.so.$(VERSION)
INSTALLED = $(BINDIR)/firn $(INCLUDEDIR)/firn.h $(LIBDIR)/libfirn.a $(LIBDIR)/$(LIBFIRN) $(LIBDIR)/$(SONAME) $(LIBDIR)/libfirn.so \
  $(LIBDIR)/pkgconfig/firn.pc $(MANDIR)/man1/firn.1 $(if $(JIT),$(LIBDIR)/firn-jit.so)
install: $(O)/firn $(O)/libfirn.a $(O)/libfirn.so $(O)/firn.1 $(JIT)
	install -d $(sort $(dir $(INSTALLED:%=$(DESTDIR)%)))
	install $(O)/firn $(DESTDIR)$(BINDIR)/firn
	install -m 644 $(HEADER) $(DESTDIR)$(INCLUDEDIR)/firn.h
	install -m 644 $(O)/libfirn.a $(DESTDIR)$(LIBDIR)/libfirn.a
	install -m 644 $(O)/libfirn.so $(DESTDIR)$(LIBDIR)/$(LIBFIRN)
	$(if $(JIT),install -m 644 $(JIT) $(DESTDIR)$(LIBDIR)/firn-jit.so)
	ln -sf $(LIBFIRN) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libfirn.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(strip $(LIBS_OUTSIDE))|' \
	  tools/firn.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/firn.pc
	install -m 644 $(O)/firn.1 $(DESTDIR)$(MANDIR)/man1/firn.1
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true
uninstall:
	rm -f $(INSTALLED:%=$(DESTDIR)%)

$(O)/firn.1: tools/manual.sh $(FIRN)
	@sh tools/manual.sh $(FIRN) $(VERSION) > $@

# Tests
COMMA := ,
JIT_MODE := $(O)/tests/unit/jit_mode.o
.SECONDARY: $(JIT_MODE)
$(O)/unit/%: tests/unit/%.c $(JIT_MODE) $(O)/libfirn-internal.a
	@mkdir -p $(@D) && echo "  LD  $@"
	@$(CC) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(JIT_MODE) $(patsubst %,-Wl$(COMMA)--wrap=%,tier_get $(WRAPPED)) -Wl,--whole-archive $(O)/libfirn-internal.a -Wl,--no-whole-archive -lcheck -lsubunit -lrt $(LIBS)
# What it puts wrappers in front of.
$(O)/unit/test_embed_faults: WRAPPED := malloc calloc realloc free strdup strndup open_memstream mmap sbrk \
  GC_malloc GC_malloc_ignore_off_page GC_generic_malloc GC_generic_malloc_ignore_off_page GC_generic_malloc_many
$(HOST_O)/runner: tests/runner.c
	@mkdir -p $(@D)
	$(HOST_CC) -std=gnu11 -O1 -g $(WARN) -o $@ $<

test-unit: export CK_DEFAULT_TIMEOUT = 60
test-unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $(EMULATOR) $$t || exit 1; done

# Suites that measure memory, limits and what hosts see, with the compiling tier on for guests that have not asked for it: hot at once, and always. Minutes: not part of
# `make test`. Always waits for the compiler, so sleepers come late, and faults at each of thousands of places would each begin anew.
TIER_SUITES := quota image image_bad embed embed_guests embed_threads allocations wait soak adversary
test-tier: export CK_DEFAULT_TIMEOUT = 300
test-tier: $(UNIT) $(JIT)
	@for t in $(TIER_SUITES) embed_schedule embed_faults; do echo "== $$t, hot at once"; FIRN_TEST_JIT=on $(O)/unit/test_$$t || exit 1; done
	@for t in $(TIER_SUITES); do echo "== $$t, always"; FIRN_TEST_JIT=always $(O)/unit/test_$$t || exit 1; done

# Documents whose blocks are run.
DOCS := README.md $(wildcard docs/*.md)
RUNNER = $(HOST_O)/runner $(if $(CROSS),--timeout 1000) --firn $(FIRN)
# Modules of the library whose documentation has examples.
LIBRARY_DOCS := $(shell grep -l '```firn' stdlib/*.firn)
# Programs that say what they print. The benchmarks do little work here.
PROGRAMS := tests/programs bench/classics
test-programs: $(FIRN) $(HOST_O)/runner $(JIT)
	$(RUNNER) $(PROGRAMS)
	$(if $(JIT),$(RUNNER) --tier interp --with --jit=always $(PROGRAMS))
	$(FIRN) test bench/classics/cd.firn
	$(RUNNER) $(DOCS:%=--tour %)
	$(RUNNER) $(LIBRARY_DOCS:%=--tour %)
	$(if $(CROSS),MODES=interp) sh tests/examples.sh $(FIRN)
	sh tests/cli.sh $(FIRN)
	sh tests/freeze.sh $(FIRN)
	sh tests/wait.sh $(FIRN)
	$(if $(JIT),sh tests/outside.sh $(FIRN))
	sh tests/sandbox.sh $(FIRN)
	sh tests/limits.sh $(FIRN)
	sh tests/golden.sh $(FIRN)
	sh tests/repl.sh $(FIRN)
	sh tests/diagnostics.sh $(FIRN)
	sh tests/unicode.sh $(FIRN)

# Hosts, built against an installed library.
test-install: all $(O)/libfirn-internal.a
	CC='$(CC)' sh tests/install.sh $(O)

# What fails when memory is out, the disk is full, or the process is killed. FAULT_STEPS=0: at every call, else at each of the first so many.
FAULT_STEPS ?= 15
test-faults: $(O)/firn $(O)/faults.so
	sh tests/faults.sh $(O)/firn $(O)/faults.so $(FAULT_STEPS)
$(O)/faults.so: tests/faults.c
	@mkdir -p $(@D)
	$(HOST_CC) -std=gnu11 -O1 $(WARN) -fPIC -shared -o $@ $<

# All programs but slow ones again: with a collection at every allocation; and copied, moved between tiers and stopped between instructions, at the first
# safepoints and then at rarer ones (all of them: --stress=thaw,clone,hop,step).
test-stress: $(FIRN) $(HOST_O)/runner
	$(RUNNER) --timeout 60 --with --stress=gc $(PROGRAMS)
	$(RUNNER) --timeout 60 --with --stress=thaw,clone,hop,step,10 $(PROGRAMS)

# The header by itself, and the programs of docs/embedding.md.
test-embedding: $(O)/libfirn.a
	sh tests/embedding.sh $(O)/libfirn.a $(CC) g++ $(LIBS_OUTSIDE)

test-layers:
	sh tests/layers.sh

# Unit tests and programs with the address and undefined-behaviour sanitizers, minutes: not part of `make test`. One tier: the other runs in test_programs and in the fuzzer;
# and some compiled.
ASAN_COMPILED := $(addprefix tests/programs/,closures control enums errors generics lists maps numbers optionals panics recursion strings tasks traits tuples)
test-asan:
	@$(MAKE) --no-print-directory -j2 BUILD=asan test-asan-all
test-asan-all: $(FIRN) $(HOST_O)/runner $(UNIT) $(JIT)
	@CK_TIMEOUT_MULTIPLIER=20 TEST_STRIDE=7 $(MAKE) --no-print-directory BUILD=asan test-unit
	$(RUNNER) --tier interp --timeout 60 $(PROGRAMS)
	$(if $(JIT),$(RUNNER) --tier interp --timeout 120 --with --jit=always $(ASAN_COMPILED))

# Eight threads of a host with the thread sanitizer, under a minute once it is built: not part of `make test`, which runs the same without. libgc is not instrumented, and needs no
# suppressions: only who has the lock comes to it.
test-tsan:
	@$(MAKE) --no-print-directory -j2 BUILD=tsan build/tsan/unit/test_embed_threads
	CK_TIMEOUT_MULTIPLIER=20 TSAN_OPTIONS=halt_on_error=1:exitcode=66 build/tsan/unit/test_embed_threads

# Other machines: their firn under qemu (docs/portability.md). The sample, for every change, takes the quicker unit tests and each 40th program.
CROSSES := aarch64 s390x
CROSS_UNIT := $(addprefix $(O)/unit/,test_emit test_lex test_map test_string test_type)
test-cross test-cross-sample: deps
	@$(MAKE) --no-print-directory -j2 build/firn build/runner
	@for c in $(CROSSES); do $(MAKE) --no-print-directory CROSS=$$c $@-one || exit 1; done
	sh tests/cross.sh $(if $(filter %-sample,$@),40,1) build/firn $(CROSSES:%=build/%/firn-qemu)
test-cross-one: $(UNIT)
	@$(MAKE) --no-print-directory test-unit test-programs
test-cross-sample-one:
	@$(MAKE) --no-print-directory -j2 $(FIRN) test-unit UNIT="$(CROSS_UNIT)"
$(O)/firn-qemu: $(O)/firn
	@printf '#!/bin/sh\nexec qemu-$(CROSS)-static $(abspath $<) "$$@"\n' > $@ && chmod +x $@
build/sysroot/%/packages: tools/cross-deps.sh
	sh tools/cross-deps.sh $* build/sysroot/$* && touch $@

# The fuzzer: objects of its own, by clang. The interpreter without optimisation: clang takes minutes for its instrumented jumps.
FUZZ_RUNS ?= 20000
FUZZ_FLAGS := -std=gnu11 -I. -ffp-contract=off -fno-math-errno $(WARN) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_LIMITS := -max_len=16384 -timeout=20 -rss_limit_mb=2048 -entropic=0
IMAGE_LIMITS := -max_len=65536 -mutate_depth=2 -timeout=20 -rss_limit_mb=2048 -entropic=0
FUZZ_OBJECTS := $(patsubst %.c,$(O)/fuzz/%.o,$(VM) $(STDLIB) $(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c)))
IMAGE_RUNS ?= 10000
SOURCE_RUNS ?= 10000
test-fuzz: $(O)/fuzz_module $(O)/fuzz_image $(O)/fuzz_source $(O)/firn
	$(O)/fuzz_source --runs $(SOURCE_RUNS) --save $(O)/failed tests/programs examples
	@rm -rf $(O)/found && mkdir -p $(O)/found $(O)/seeds && sh tests/fuzz/seeds.sh $(O)/firn $(O)/seeds
	$(O)/fuzz_module $(FUZZ_LIMITS) -runs=$(FUZZ_RUNS) -seed=1 -verbosity=0 $(O)/found $(O)/seeds < /dev/null
	@rm -rf $(O)/found_images && mkdir -p $(O)/found_images && sh tests/fuzz/seeds_image.sh $(O)/firn $(O)/fuzz_image $(O)/seeds_image 8
	$(O)/fuzz_image $(IMAGE_LIMITS) -runs=$(IMAGE_RUNS) -seed=1 -verbosity=0 $(O)/found_images $(O)/seeds_image < /dev/null
# These go on from what earlier runs found, kept in $(O)/corpus and $(O)/corpus_image.
fuzz: $(O)/fuzz_module $(O)/firn
	@mkdir -p $(O)/corpus $(O)/seeds && sh tests/fuzz/seeds.sh $(O)/firn $(O)/seeds
	$(O)/fuzz_module $(FUZZ_LIMITS) -runs=$(FUZZ_RUNS) -print_final_stats=1 $(O)/corpus $(O)/seeds < /dev/null
fuzz-image: $(O)/fuzz_image $(O)/firn
	@mkdir -p $(O)/corpus_image && sh tests/fuzz/seeds_image.sh $(O)/firn $(O)/fuzz_image $(O)/seeds_image 1
	$(O)/fuzz_image $(IMAGE_LIMITS) -runs=$(IMAGE_RUNS) -print_final_stats=1 $(O)/corpus_image $(O)/seeds_image < /dev/null
$(O)/fuzz_module $(O)/fuzz_image: $(O)/%: $(O)/fuzz/tests/fuzz/%.o $(FUZZ_OBJECTS)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
$(O)/fuzz/vm/interp.o: FUZZ_FLAGS += -O0
$(O)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp -MMD -MP -c -o $@ $<

$(O)/fuzz_source: tests/fuzz/fuzz_source.c $(O)/libfirn-internal.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< -Wl,--whole-archive $(O)/libfirn-internal.a -Wl,--no-whole-archive $(LIBS)

# Random programs, run in many ways. RUNS programs, beginning at SEED; a part of `make test`, and more of them with `make random RUNS=200000`.
RUNS ?= 2000
SEED ?= 1
random: $(O)/random_programs $(JIT)
	$(O)/random_programs --runs $(RUNS) --seed $(SEED) $(if $(JIT),--compiled 500) --save $(O)/random
RANDOM_OBJECTS := $(patsubst %.c,$(O)/%.o,$(wildcard tests/random/*.c))
$(O)/random_programs: $(RANDOM_OBJECTS) $(O)/libfirn-internal.a
	@echo "  LD  $@"
	@$(CC) $(CFLAGS) -o $@ $(RANDOM_OBJECTS) -Wl,--whole-archive $(O)/libfirn-internal.a -Wl,--no-whole-archive $(LIBS)

# spec.md's tables come from the .def files; check-spec fails when they differ.
spec check-spec: $(O)/spectables
	@$(O)/spectables $(if $(filter check-spec,$@),--check) spec.md
$(O)/spectables: tools/spectables.c vm/op.c vm/type.c vm/bump.c $(wildcard vm/*.def vm/*.h)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $(filter %.c,$^)

# docs/library comes from the library's sources; check-docs fails when it is stale, and when something has no documentation or no example.
docs check-docs: $(FIRN)
	@sh tools/library-docs.sh $(FIRN) docs/library $(if $(filter check-docs,$@),--check)
	@sh tools/embed-docs.sh $(if $(filter check-docs,$@),--check)
	@sh tests/links.sh $(DOCS) spec.md docs/library/*.md examples/README.md examples/embed/README.md

bench: $(O)/firn
	bench/run $(O)/firn

clean:
	rm -rf build
