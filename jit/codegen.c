/* codegen.c - IR to native code in memory. Interface: jit.h.
 *
 * LLVM's passes and code generator make an object file in memory, which its linker (LLJIT) puts where it can run. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/BitReader.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/OrcEE.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "jit/jit.h"
#include "jit/machine.h"

extern const unsigned char runtime_bitcode[];
extern const unsigned runtime_bitcode_size;

struct CodegenUnit {
  LLVMOrcResourceTrackerRef tracker;
  size_t bytes;
  PerfNames *names; /* for perf */
};

static LLVMOrcLLJITRef lljit;
static LLVMTargetMachineRef machine;
static char *triple, *cpu, *features;
static atomic_uint dumps;

/* Templates first; then what takes frames apart, so that the inliner sees functions as they are; then loops. */
static const char passes[] =
    "always-inline,globaldce,function(sroa,early-cse,simplifycfg),"
    "cgscc(inline),globaldce,"
    "function(sroa,early-cse<memssa>,jump-threading,correlated-propagation,instcombine<no-verify-fixpoint>,simplifycfg,loop-simplify,lcssa,loop(loop-rotate),"
    "loop-mssa(licm,simple-loop-unswitch),gvn,correlated-propagation,instcombine<no-verify-fixpoint>,simplifycfg,loop-simplify,lcssa,loop(indvars),"
    "loop-vectorize,instcombine<no-verify-fixpoint>,sink,simplifycfg)";

static bool report(LLVMErrorRef error, char **text) {
  if (!error) return true;
  char *message = LLVMGetErrorMessage(error);
  if (text) *text = LLVMCreateMessage(message);
  LLVMDisposeErrorMessage(message);
  return false;
}

static bool symbols_define(const TierSymbol *symbols) {
  LLVMOrcCSymbolMapPair pairs[64];
  size_t count = 0;
  for (; symbols[count].name; count++) {
    pairs[count].Name = LLVMOrcLLJITMangleAndIntern(lljit, symbols[count].name);
    pairs[count].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)symbols[count].address;
    pairs[count].Sym.Flags = (LLVMJITSymbolFlags){LLVMJITSymbolGenericFlagsExported, 0};
  }
  LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(lljit);
  LLVMOrcDefinitionGeneratorRef process = NULL;
  return report(LLVMOrcJITDylibDefine(library, LLVMOrcAbsoluteSymbols(pairs, count)), NULL) &&
         report(LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, LLVMOrcLLJITGetGlobalPrefix(lljit), NULL, NULL), NULL) &&
         (LLVMOrcJITDylibAddGenerator(library, process), true);
}

static LLVMTargetMachineRef machine_new(void) {
  LLVMTargetRef target;
  if (LLVMGetTargetFromTriple(triple, &target, NULL)) return NULL;
  return LLVMCreateTargetMachine(target, triple, cpu, features, LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
}

/* A linker that tells debuggers what it has linked. LLJIT's own, which is faster, can't. */
static LLVMOrcObjectLayerRef linker_new(void *unused, LLVMOrcExecutionSessionRef session, const char *target) {
  (void)unused, (void)target;
  LLVMOrcObjectLayerRef linker = LLVMOrcCreateRTDyldObjectLinkingLayerWithSectionMemoryManager(session);
  LLVMJITEventListenerRef gdb = machine_informs(TIER_INFO_GDB) ? LLVMCreateGDBRegistrationListener() : NULL;
  LLVMJITEventListenerRef jitdump = machine_informs(TIER_INFO_JITDUMP) ? LLVMCreatePerfJITEventListener() : NULL;
  if (gdb) LLVMOrcRTDyldObjectLinkingLayerRegisterJITEventListener(linker, gdb);
  if (jitdump) LLVMOrcRTDyldObjectLinkingLayerRegisterJITEventListener(linker, jitdump);
  else if (machine_informs(TIER_INFO_JITDUMP)) fputs("firn: this LLVM can't write a jitdump\n", stderr);
  return linker;
}

static bool lljit_start(void) {
  LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
  if (machine_informs(TIER_INFO_GDB | TIER_INFO_JITDUMP)) LLVMOrcLLJITBuilderSetObjectLinkingLayerCreator(builder, linker_new, NULL);
  return report(LLVMOrcCreateLLJIT(&lljit, builder), NULL);
}

/* Compiles a small function once, so that LLVM has made, and registered for the process's exit, what it makes when it first needs it. It stays, as what
 * perf has been told of. */
static CodegenUnit *first;
static bool begin(void) {
  char *error = NULL;
  LLVMContextRef context = LLVMContextCreate();
  LLVMModuleRef module = LLVMModuleCreateWithNameInContext("first", context);
  LLVMTypeRef real = LLVMDoubleTypeInContext(context), type = LLVMFunctionType(real, &real, 1, false);
  LLVMValueRef function = LLVMAddFunction(module, "firn_first", type), callee = LLVMAddFunction(module, "floor", type), arg = LLVMGetParam(function, 0);
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
  LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, ""));
  LLVMBuildRet(builder, LLVMBuildCall2(builder, type, callee, &arg, 1, ""));
  LLVMDisposeBuilder(builder);
  bool done = codegen_optimise(module, &error);
  if (done) first = codegen_compile(module, &error);
  else LLVMDisposeModule(module);
  done = first && codegen_table("firn_first");
  LLVMDisposeMessage(error);
  LLVMContextDispose(context);
  return done;
}

bool codegen_start(const TierSymbol *symbols) {
  if (LLVMInitializeNativeTarget() || LLVMInitializeNativeAsmPrinter()) return false;
  triple = LLVMGetDefaultTargetTriple();
  cpu = LLVMGetHostCPUName();
  features = LLVMGetHostCPUFeatures();
  /* Scheduling takes a third of code generation, and processors do it themselves. */
  static const char *const options[] = {"firn", "-inline-threshold=100", "-enable-misched=false", "-disable-post-ra"};
  LLVMParseCommandLineOptions(sizeof options / sizeof *options, options, NULL);
  machine = machine_new();
  return machine && lljit_start() && symbols_define(symbols) && begin();
}

LLVMModuleRef codegen_runtime(LLVMContextRef context) {
  LLVMModuleRef module;
  LLVMMemoryBufferRef bytes =
      LLVMCreateMemoryBufferWithMemoryRange((const char *)runtime_bitcode, runtime_bitcode_size, "runtime", false);
  if (!LLVMGetBitcodeModuleInContext2(context, bytes, &module)) return module;
  LLVMDisposeMemoryBuffer(bytes);
  return NULL;
}

bool codegen_optimise(LLVMModuleRef module, char **error) {
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
  LLVMSetModuleDataLayout(module, layout);
  LLVMDisposeTargetData(layout);
  LLVMSetTarget(module, triple);
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopVectorization(options, true);
  bool done = report(LLVMRunPasses(module, passes, machine, options), error);
  LLVMDisposePassBuilderOptions(options);
  return done;
}

void codegen_dump(unsigned what) { dumps = what; }

static void dump(LLVMModuleRef module) {
  LLVMMemoryBufferRef text;
  char *ir = dumps & TIER_DUMP_IR ? LLVMPrintModuleToString(module) : NULL;
  if (ir) fputs(ir, stderr);
  LLVMDisposeMessage(ir);
  if (!(dumps & TIER_DUMP_ASM) || LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMAssemblyFile, NULL, &text)) return;
  fwrite(LLVMGetBufferStart(text), 1, LLVMGetBufferSize(text), stderr);
  LLVMDisposeMemoryBuffer(text);
}

CodegenUnit *codegen_compile(LLVMModuleRef module, char **error) {
  CodegenUnit *code = calloc(1, sizeof *code);
  LLVMMemoryBufferRef object = NULL;
  if (code && dumps) dump(module);
  bool done = code && !LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, error, &object);
  LLVMDisposeModule(module);
  if (done) {
    code->bytes = LLVMGetBufferSize(object);
    code->names = machine_informs(TIER_INFO_PERF) ? perf_names(LLVMGetBufferStart(object), code->bytes) : NULL;
    code->tracker = LLVMOrcJITDylibCreateResourceTracker(LLVMOrcLLJITGetMainJITDylib(lljit));
    done = report(LLVMOrcLLJITAddObjectFileWithRT(lljit, code->tracker, object), error);
  }
  if (done) return code;
  if (code) perf_names_free(code->names);
  free(code);
  return NULL;
}

const int32_t *codegen_table(const char *name) {
  LLVMOrcExecutorAddress address = 0;
  return report(LLVMOrcLLJITLookup(lljit, &address, name), NULL) ? (const int32_t *)(uintptr_t)address : NULL;
}

void codegen_tell(CodegenUnit *code, const char *known, const void *address) {
  perf_map_add(code->names, known, address);
  perf_names_free(code->names);
  code->names = NULL;
}

size_t codegen_bytes(const CodegenUnit *code) { return code->bytes; }

void codegen_free(CodegenUnit *code) {
  report(LLVMOrcResourceTrackerRemove(code->tracker), NULL);
  LLVMOrcReleaseResourceTracker(code->tracker);
  perf_names_free(code->names);
  free(code);
}
