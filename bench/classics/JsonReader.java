// Json: see json.firn.

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

final class JsonReader {
  sealed interface Json permits JsonNull, JsonBool, JsonNumber, JsonString, JsonArray, JsonObject {}

  enum JsonNull implements Json { NULL }
  enum JsonBool implements Json { TRUE, FALSE }
  record JsonNumber(String text) implements Json {}
  record JsonString(String text) implements Json {}
  record JsonArray(List<Json> items) implements Json {}
  record JsonObject(Map<String, Json> members) implements Json {}

  // ---- The reader ----

  static final class Parser {
    private final String text;
    private int at = 0;

    Parser(String text) {
      this.text = text;
    }

    private IllegalArgumentException error(String message) {
      return new IllegalArgumentException(message + " at " + at);
    }

    /** The character at the place of the parser; '\0' at the end. */
    private char peek() {
      return at < text.length() ? text.charAt(at) : '\0';
    }

    private char next() {
      char c = peek();
      at++;
      return c;
    }

    Json document() {
      Json value = value();
      skipSpaces();
      if (at < text.length()) throw error("more text behind the value");
      return value;
    }

    private Json value() {
      skipSpaces();
      return switch (peek()) {
        case 'n' -> word("null", JsonNull.NULL);
        case 't' -> word("true", JsonBool.TRUE);
        case 'f' -> word("false", JsonBool.FALSE);
        case '"' -> new JsonString(string());
        case '[' -> array();
        case '{' -> object();
        default -> number();
      };
    }

    private void skipSpaces() {
      while (true) {
        switch (peek()) {
          case ' ', '\t', '\r', '\n' -> at++;
          default -> { return; }
        }
      }
    }

    private boolean accept(char wanted) {
      skipSpaces();
      if (peek() != wanted) return false;
      at++;
      return true;
    }

    private void expect(char wanted) {
      if (!accept(wanted)) throw error("expected '" + wanted + "'");
    }

    private Json word(String word, Json value) {
      for (int i = 0; i < word.length(); i++) if (next() != word.charAt(i)) throw error("expected " + word + " before");
      return value;
    }

    private Json array() {
      expect('[');
      List<Json> items = new ArrayList<>();
      if (accept(']')) return new JsonArray(items);
      while (true) {
        items.add(value());
        if (accept(']')) return new JsonArray(items);
        expect(',');
      }
    }

    private Json object() {
      expect('{');
      Map<String, Json> members = new LinkedHashMap<>();
      if (accept('}')) return new JsonObject(members);
      while (true) {
        skipSpaces();
        String name = string();
        expect(':');
        members.put(name, value());
        if (accept('}')) return new JsonObject(members);
        expect(',');
      }
    }

    private String string() {
      expect('"');
      int start = at;
      String done = "";
      while (true) {
        char c = peek();
        if (c == '"') {
          at++;
          return done + text.substring(start, at - 1);
        }
        if (c == '\\') {
          done += text.substring(start, at);
          at++;
          done += escape();
          start = at;
        } else {
          if (c < ' ') throw error("a string is not ended");
          at++;
        }
      }
    }

    private char escape() {
      return switch (next()) {
        case 'n' -> '\n';
        case 't' -> '\t';
        case 'r' -> '\r';
        case 'b' -> '\b';
        case 'f' -> '\f';
        case 'u' -> code();
        case '"' -> '"';
        case '\\' -> '\\';
        case '/' -> '/';
        default -> throw error("unknown escape before");
      };
    }

    private char code() {
      int code = 0;
      for (int i = 0; i < 4; i++) {
        int digit = Character.digit(next(), 16);
        if (digit < 0) throw error("expected a hex digit before");
        code = 16 * code + digit;
      }
      if (Character.isSurrogate((char) code)) throw error("half of a pair before");
      return (char) code;
    }

    private Json number() {
      int start = at;
      if (peek() == '-') at++;
      if (peek() == '0') at++;
      else digits();
      if (peek() == '.') {
        at++;
        digits();
      }
      if (peek() == 'e' || peek() == 'E') {
        at++;
        if (peek() == '+' || peek() == '-') at++;
        digits();
      }
      return new JsonNumber(text.substring(start, at));
    }

    private boolean isAtDigit() {
      return peek() >= '0' && peek() <= '9';
    }

    private void digits() {
      if (!isAtDigit()) throw error("expected a digit");
      while (isAtDigit()) at++;
    }
  }

  // ---- The benchmark ----

  static String operation(int i, Harness.Random random) {
    return switch (i % 4) {
      case 0, 1 -> "[\"create\",\"w" + i + "\",\"ui.widgets.Label\",{\"parent\":\"w" + random.next() % 100
        + "\",\"style\":[\"NONE\",\"LEFT\"],\"bounds\":[" + random.next() % 1000 + "," + random.next() % 1000 + "," + random.next() % 500
        + "," + random.next() % 50 + "],\"text\":\"Label \\\"" + i + "\\\"\\nthis \\u0026 that\",\"visible\":true,\"image\":null,\"opacity\":0."
        + random.next() % 1000 + ",\"tabIndex\":-1}]";
      case 2 -> "[\"set\",\"w" + random.next() % 100 + "\",{\"enabled\":false,\"items\":[\"first\",\"second\",\"third\"],\"scale\":"
        + random.next() % 1000 + ".5e-2,\"children\":[]}]";
      default -> "[\"call\", \"w" + random.next() % 100 + "\", \"focus\", {}]";
    };
  }

  static String message() {
    Harness.Random random = new Harness.Random();
    List<String> operations = new ArrayList<>();
    for (int i = 0; i < 156; i++) operations.add(operation(i, random));
    return "{\"head\": {\"requestCounter\": 4},\n\"operations\": [" + String.join(",", operations) + "]}";
  }

  static Json member(Json value, String name) {
    return value instanceof JsonObject object ? object.members.get(name) : null;
  }

  record Size(int values, int length) {}

  static Size measure(Collection<? extends Json> values) {
    return values.stream().map(JsonReader::measure).reduce(new Size(1, 0), (a, b) -> new Size(a.values + b.values, a.length + b.length));
  }

  static Size measure(Json value) {
    if (value instanceof JsonNumber number) return new Size(1, number.text.length());
    if (value instanceof JsonString string) return new Size(1, string.text.length());
    if (value instanceof JsonArray array) return measure(array.items);
    if (value instanceof JsonObject object) return measure(object.members.values());
    return new Size(1, 0);
  }

  public static void main(String[] args) {
    String text = message();
    Harness.run("json", args, 100, n -> {
      Json value = null;
      for (int i = 0; i < n; i++) {
        value = new Parser(text).document();
        Harness.check(new JsonNumber("4").equals(member(member(value, "head"), "requestCounter")));
        Harness.check(member(value, "operations") instanceof JsonArray array && array.items.size() == 156);
      }
      Size size = measure(value);
      return text.length() + " " + size.values + " " + size.length;
    });
  }
}
