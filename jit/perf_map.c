/* perf_map.c - /tmp/perf-PID.map, where perf looks for the names of code that no file has. Interface: jit.h.
 *
 * A line is an address, a size and a name. Names and sizes are those of an object file's functions (ELF; other formats have none for perf), in which addresses
 * are offsets in a section: where the section is becomes known by one function that is looked up when the file has been linked.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jit/jit.h"

typedef struct PerfName { char *name; uint64_t offset, size; uint16_t section; } PerfName;

struct PerfNames {
  size_t count;
  PerfName *names;
};

static FILE *map;
static bool map_failed;

/* LLVM has made the file: it is as the format says. */
static const Elf64_Shdr *symbols_find(const char *object, size_t size) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)object;
  if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) return NULL;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(const void *)(object + header->e_shoff);
  for (uint32_t i = 0; i < header->e_shnum; i++) {
    if (sections[i].sh_type == SHT_SYMTAB) return &sections[i];
  }
  return NULL;
}

static bool is_function(const Elf64_Sym *symbol) { return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF; }

PerfNames *perf_names(const char *object, size_t size) {
  const Elf64_Shdr *table = symbols_find(object, size);
  PerfNames *names = table ? calloc(1, sizeof *names) : NULL;
  if (!names) return NULL;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(const void *)(object + ((const Elf64_Ehdr *)(const void *)object)->e_shoff);
  const Elf64_Sym *symbols = (const Elf64_Sym *)(const void *)(object + table->sh_offset);
  const char *strings = object + sections[table->sh_link].sh_offset;
  size_t count = table->sh_size / sizeof *symbols;
  names->names = calloc(count + 1, sizeof *names->names);
  for (size_t i = 0; names->names && i < count; i++) {
    char *name = is_function(&symbols[i]) ? strdup(strings + symbols[i].st_name) : NULL;
    if (name) names->names[names->count++] = (PerfName){name, symbols[i].st_value, symbols[i].st_size, symbols[i].st_shndx};
  }
  return names;
}

void perf_names_free(PerfNames *names) {
  if (!names) return;
  for (size_t i = 0; i < names->count; i++) free(names->names[i].name);
  free(names->names);
  free(names);
}

/* The file of this process. What an earlier process of that number has left is overwritten, but not what is somebody else's, or a link. */
static FILE *map_open(void) {
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/tmp/perf-%ld.map", (long)getpid());
  int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool is_ours = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() && ftruncate(fd, 0) == 0;
  FILE *file = is_ours ? fdopen(fd, "w") : NULL;
  if (file) return file;
  fprintf(stderr, "firn: can't write '%s': %s\n", path, fd < 0 ? strerror(errno) : "it is not this user's file");
  if (fd >= 0) close(fd);
  return NULL;
}

void perf_map_add(const PerfNames *names, const char *known, const void *address) {
  if (!map && !map_failed) map = map_open();
  map_failed = !map;
  if (!map || !names) return;
  const PerfName *found = names->names, *end = found + names->count;
  while (found < end && strcmp(found->name, known) != 0) found++;
  if (found == end) return;
  uint64_t start = (uint64_t)(uintptr_t)address - found->offset;
  for (const PerfName *at = names->names; at < end; at++) {
    if (at->section == found->section) fprintf(map, "%llx %llx %s\n", (unsigned long long)(start + at->offset), (unsigned long long)at->size, at->name);
  }
  fflush(map);
}
