/* formula.cpp - a host in C++ whose users type formulas: each becomes a guest of its own with a little fuel and memory, so that the worst a formula can do
 * is to be wrong. Shows: owning the library's objects, errors as exceptions, a host function with state, and lists of numbers in and out.
 *
 *   formula ['FORMULA of x and i'...]     prints each formula for every number of a column, with the prices that it looked up
 */
#include <firn.h>

#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Deleter {
  void operator()(Firn *firn) const { firn_free(firn); }
  void operator()(FirnProgram *program) const { firn_program_free(program); }
  void operator()(FirnGuest *guest) const { firn_guest_free(guest); }
  void operator()(FirnError *error) const { firn_error_free(error); }
};
template <typename T> using Owned = std::unique_ptr<T, Deleter>;

/* Turns the library's error, if there is one, into an exception. */
void check(FirnError *error) {
  Owned<FirnError> owned(error);
  if (error) throw std::runtime_error(firn_error_text(error));
}

struct Prices {
  std::map<std::string, double> prices;
  unsigned asked;
};

/* shop.price(string) -> float? */
FirnAnswer price(FirnCall *call, const FirnValue *args, FirnValue *result) {
  Prices &shop = *static_cast<Prices *>(firn_call_userdata(call));
  shop.asked++;
  auto found = shop.prices.find(std::string(args[0].as.text, args[0].count));
  *result = found == shop.prices.end() ? firn_nil() : firn_float(found->second);
  return FIRN_DONE;
}

class Formula {
 public:
  Formula(Firn *firn, const std::string &text) {
    std::string source = "extern \"shop\" fn price(name: string) -> float?\n"
                         "fn one(x: float, i: int) -> float => " + text + "\n"
                         "pub fn column(xs: [float]) -> [float] => xs.enumerate().map(|(i, x)| one(x, i))\n";
    FirnCompileOptions options = firn_compile_options();
    options.path = "formula";
    FirnProgram *program;
    check(firn_compile(firn, source.data(), source.size(), &options, &program));
    program_.reset(program);
    FirnGuestOptions limits = firn_guest_options();
    limits.fuel = 100000;
    limits.memory = 1 << 20;
    FirnGuest *guest;
    check(firn_guest_new(program, &limits, &guest));
    guest_.reset(guest);
    firn_run(guest, 0);
    check(firn_function(guest, "column", "([float]) -> [float]", &column_));
  }

  std::vector<double> operator()(const std::vector<double> &column) {
    FirnValue argument = firn_floats(column.data(), column.size()), result;
    check(firn_call(column_, &argument, 1, &result));
    return std::vector<double>(result.as.numbers, result.as.numbers + result.count);
  }

 private:
  Owned<FirnProgram> program_; /* freed last */
  Owned<FirnGuest> guest_;
  FirnFunction *column_ = nullptr;
};

std::string first_line(const std::string &text) { return text.substr(0, text.find('\n')); }

}  // namespace

int main(int argc, char **argv) {
  std::vector<std::string> formulas(argv + 1, argv + argc);
  if (formulas.empty()) {
    formulas = {"x * 1.19", "if x > 2.0 { x - 0.5 } else { x }", "x * (price(\"tea\") ?? 0.0) + float(i)", "x * \"2\"", "{ while true {}; x }", "1.0 / float(7 / (2 - i))"};
  }
  Prices shop = {{{"tea", 2.5}, {"coffee", 3.25}}, 0};
  Owned<Firn> firn(firn_new());
  if (!firn) return 1;
  try {
    check(firn_define(firn.get(), "shop.price(string) -> float?", price, &shop));
  } catch (const std::exception &failure) {
    std::cerr << failure.what() << "\n";
    return 1;
  }
  for (const std::string &text : formulas) {
    std::cout << text << "  =";
    try {
      for (double y : Formula(firn.get(), text)({1.0, 2.5, 4.0})) std::cout << " " << y;
      std::cout << "\n";
    } catch (const std::exception &failure) {
      std::cout << "  " << first_line(failure.what()) << "\n";
    }
  }
  std::cout << "prices asked for: " << shop.asked << "\n";
}
