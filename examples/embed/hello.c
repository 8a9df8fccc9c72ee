/* hello.c - the least that a host does: compile a program, run it as a guest, call a function of it. */
#include <firn.h>
#include <stdio.h>

static const char source[] = "pub fn greet(name: string) -> string => \"hello, {name}\"\n"
                             "print(\"the guest is ready\")\n";

int main(void) {
  Firn *firn = firn_new();
  FirnProgram *program;
  FirnGuest *guest;
  FirnFunction *greet;
  FirnValue name = firn_string("host"), result;
  FirnError *error = firn_compile(firn, source, sizeof source - 1, NULL, &program);
  if (!error) error = firn_guest_new(program, NULL, &guest);
  if (!error) error = firn_function(guest, "greet", "(string) -> string", &greet);
  if (!error) error = firn_call(greet, &name, 1, &result);
  if (error) fprintf(stderr, "%s\n", firn_error_text(error));
  else printf("the guest says: %s\n", result.as.text);
  int status = error ? 1 : 0;
  firn_error_free(error);
  firn_free(firn);
  return status;
}
