// DeltaBlue: see deltablue.firn.

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

final class DeltaBlue {
  // ---- Strengths ----

  enum Strength {
    REQUIRED, PREFERRED, STRONG_DEFAULT, NORMAL_DEFAULT, ABSOLUTE_WEAKEST;

    boolean isStronger(Strength other) {
      return ordinal() < other.ordinal();
    }

    Strength weakest(Strength other) {
      return isStronger(other) ? other : this;
    }
  }

  // ---- Variables ----

  static final class Variable {
    int value;
    final List<Constraint> constraints = new ArrayList<>();
    Constraint determinedBy = null;
    int mark = 0;
    Strength walkStrength = Strength.ABSOLUTE_WEAKEST;
    boolean stays = true;

    Variable(int value) {
      this.value = value;
    }

    void eachConsuming(Consumer<Constraint> f) {
      for (Constraint constraint : constraints) {
        if (constraint.isSatisfied() && constraint != determinedBy) f.accept(constraint);
      }
    }

    void remove(Constraint constraint) {
      constraints.remove(constraint);
      if (determinedBy == constraint) determinedBy = null;
    }

    boolean isKnown(int mark) {
      return this.mark == mark || stays || determinedBy == null;
    }
  }

  // ---- Constraints ----

  abstract static class Constraint {
    final Strength strength;

    Constraint(Strength strength) {
      this.strength = strength;
    }

    boolean isInput() {
      return false;
    }

    void execute() {}

    abstract boolean isSatisfied();
    abstract void beUnsatisfied();
    abstract Variable output();
    abstract void eachInput(Consumer<Variable> f);
    abstract boolean inputsAreKnown(int mark);
    abstract void addToVariables();
    abstract void removeFromVariables();
    abstract void chooseMethod(int mark);
    abstract void recalculate();

    Constraint add(Planner planner) {
      addToVariables();
      planner.add(this);
      return this;
    }

    void destroy(Planner planner) {
      if (isSatisfied()) planner.remove(this);
      else removeFromVariables();
    }

    Constraint satisfy(int mark, Planner planner) {
      chooseMethod(mark);
      if (!isSatisfied()) {
        if (strength == Strength.REQUIRED) throw new IllegalStateException("a required constraint can't be satisfied");
        return null;
      }
      eachInput(input -> input.mark = mark);
      Variable output = output();
      Constraint overridden = output.determinedBy;
      if (overridden != null) overridden.beUnsatisfied();
      output.determinedBy = this;
      if (!planner.propagate(this, mark)) throw new IllegalStateException("there is a cycle");
      output.mark = mark;
      return overridden;
    }
  }

  abstract static class Unary extends Constraint {
    private final Variable variable;
    private boolean satisfied = false;

    Unary(Strength strength, Variable variable) {
      super(strength);
      this.variable = variable;
    }

    @Override boolean isSatisfied() {
      return satisfied;
    }

    @Override void beUnsatisfied() {
      satisfied = false;
    }

    @Override Variable output() {
      return variable;
    }

    @Override void eachInput(Consumer<Variable> f) {}

    @Override boolean inputsAreKnown(int mark) {
      return true;
    }

    @Override void addToVariables() {
      variable.constraints.add(this);
      satisfied = false;
    }

    @Override void removeFromVariables() {
      variable.remove(this);
      satisfied = false;
    }

    @Override void chooseMethod(int mark) {
      satisfied = variable.mark != mark && strength.isStronger(variable.walkStrength);
    }

    @Override void recalculate() {
      variable.walkStrength = strength;
      variable.stays = !isInput();
      if (variable.stays) execute();
    }
  }

  static final class Stay extends Unary {
    Stay(Strength strength, Variable variable) {
      super(strength, variable);
    }
  }

  static final class Edit extends Unary {
    Edit(Strength strength, Variable variable) {
      super(strength, variable);
    }

    @Override boolean isInput() {
      return true;
    }
  }

  enum Direction { NONE, FORWARD, BACKWARD }

  abstract static class Binary extends Constraint {
    final Variable first, second;
    Direction direction = Direction.NONE;

    Binary(Strength strength, Variable first, Variable second) {
      super(strength);
      this.first = first;
      this.second = second;
    }

    @Override boolean isSatisfied() {
      return direction != Direction.NONE;
    }

    @Override void beUnsatisfied() {
      direction = Direction.NONE;
    }

    Variable input() {
      return direction == Direction.FORWARD ? first : second;
    }

    @Override Variable output() {
      return direction == Direction.FORWARD ? second : first;
    }

    @Override void eachInput(Consumer<Variable> f) {
      f.accept(input());
    }

    @Override boolean inputsAreKnown(int mark) {
      return input().isKnown(mark);
    }

    @Override void addToVariables() {
      first.constraints.add(this);
      second.constraints.add(this);
      direction = Direction.NONE;
    }

    @Override void removeFromVariables() {
      first.remove(this);
      second.remove(this);
      direction = Direction.NONE;
    }

    @Override void chooseMethod(int mark) {
      boolean mayChangeFirst = first.mark != mark && strength.isStronger(first.walkStrength);
      boolean mayChangeSecond = second.mark != mark && strength.isStronger(second.walkStrength);
      boolean prefersFirst = second.mark == mark || first.mark != mark && second.walkStrength.isStronger(first.walkStrength);
      if (prefersFirst) direction = mayChangeFirst ? Direction.BACKWARD : Direction.NONE;
      else direction = mayChangeSecond ? Direction.FORWARD : Direction.NONE;
    }

    @Override void recalculate() {
      Variable input = input(), output = output();
      output.walkStrength = strength.weakest(input.walkStrength);
      output.stays = input.stays;
      if (output.stays) execute();
    }
  }

  static final class Equal extends Binary {
    Equal(Strength strength, Variable first, Variable second) {
      super(strength, first, second);
    }

    @Override void execute() {
      output().value = input().value;
    }
  }

  static final class Scale extends Binary {
    private final Variable scale, offset;

    Scale(Strength strength, Variable first, Variable second, Variable scale, Variable offset) {
      super(strength, first, second);
      this.scale = scale;
      this.offset = offset;
    }

    @Override void addToVariables() {
      super.addToVariables();
      scale.constraints.add(this);
      offset.constraints.add(this);
    }

    @Override void removeFromVariables() {
      super.removeFromVariables();
      scale.remove(this);
      offset.remove(this);
    }

    @Override void eachInput(Consumer<Variable> f) {
      f.accept(input());
      f.accept(scale);
      f.accept(offset);
    }

    @Override boolean inputsAreKnown(int mark) {
      return input().isKnown(mark) && scale.isKnown(mark) && offset.isKnown(mark);
    }

    @Override void recalculate() {
      Variable input = input(), output = output();
      output.walkStrength = strength.weakest(input.walkStrength);
      output.stays = input.stays && scale.stays && offset.stays;
      if (output.stays) execute();
    }

    @Override void execute() {
      if (direction == Direction.FORWARD) second.value = first.value * scale.value + offset.value;
      else first.value = (second.value - offset.value) / scale.value;
    }
  }

  // ---- The planner ----

  static final class Planner {
    private int mark = 0;

    int newMark() {
      return ++mark;
    }

    void add(Constraint constraint) {
      int mark = newMark();
      Constraint overridden = constraint.satisfy(mark, this);
      while (overridden != null) overridden = overridden.satisfy(mark, this);
    }

    void remove(Constraint constraint) {
      Variable output = constraint.output();
      constraint.beUnsatisfied();
      constraint.removeFromVariables();
      for (Constraint unsatisfied : unsatisfiedFrom(output)) add(unsatisfied);
    }

    private static <T> T pop(List<T> list) {
      return list.remove(list.size() - 1);
    }

    boolean propagate(Constraint constraint, int mark) {
      List<Constraint> todo = new ArrayList<>();
      todo.add(constraint);
      while (!todo.isEmpty()) {
        Constraint next = pop(todo);
        if (next.output().mark == mark) {
          remove(constraint);
          return false;
        }
        next.recalculate();
        next.output().eachConsuming(todo::add);
      }
      return true;
    }

    List<Constraint> unsatisfiedFrom(Variable output) {
      output.determinedBy = null;
      output.walkStrength = Strength.ABSOLUTE_WEAKEST;
      output.stays = true;
      List<Constraint> unsatisfied = new ArrayList<>();
      List<Variable> todo = new ArrayList<>();
      todo.add(output);
      while (!todo.isEmpty()) {
        Variable variable = pop(todo);
        for (Constraint constraint : variable.constraints) if (!constraint.isSatisfied()) unsatisfied.add(constraint);
        variable.eachConsuming(consumer -> {
          consumer.recalculate();
          todo.add(consumer.output());
        });
      }
      unsatisfied.sort(Comparator.comparing(constraint -> constraint.strength));
      return unsatisfied;
    }

    List<Constraint> planFor(Constraint edit) {
      int mark = newMark();
      List<Constraint> plan = new ArrayList<>();
      List<Constraint> todo = new ArrayList<>();
      if (edit.isInput() && edit.isSatisfied()) todo.add(edit);
      while (!todo.isEmpty()) {
        Constraint constraint = pop(todo);
        Variable output = constraint.output();
        if (output.mark != mark && constraint.inputsAreKnown(mark)) {
          plan.add(constraint);
          output.mark = mark;
          output.eachConsuming(todo::add);
        }
      }
      return plan;
    }
  }

  // ---- The benchmark ----

  static int chainTest(int length) {
    Planner planner = new Planner();
    Variable[] variables = new Variable[length + 1];
    for (int i = 0; i <= length; i++) variables[i] = new Variable(0);
    for (int i = 0; i < length; i++) new Equal(Strength.REQUIRED, variables[i], variables[i + 1]).add(planner);
    Variable last = variables[length];
    new Stay(Strength.STRONG_DEFAULT, last).add(planner);
    Constraint edit = new Edit(Strength.PREFERRED, variables[0]).add(planner);
    List<Constraint> plan = planner.planFor(edit);
    for (int i = 0; i < 100; i++) {
      variables[0].value = i;
      for (Constraint constraint : plan) constraint.execute();
      Harness.check(last.value == i);
    }
    edit.destroy(planner);
    return plan.size();
  }

  static void change(Variable variable, int value, Planner planner) {
    Constraint edit = new Edit(Strength.PREFERRED, variable).add(planner);
    List<Constraint> plan = planner.planFor(edit);
    for (int i = 0; i < 10; i++) {
      variable.value = value;
      for (Constraint constraint : plan) constraint.execute();
    }
    edit.destroy(planner);
  }

  static long projectionTest(int length) {
    Planner planner = new Planner();
    Variable scale = new Variable(10), offset = new Variable(1000);
    Variable[] sources = new Variable[length], results = new Variable[length];
    for (int i = 0; i < length; i++) {
      sources[i] = new Variable(i);
      results[i] = new Variable(i);
      new Stay(Strength.NORMAL_DEFAULT, sources[i]).add(planner);
      new Scale(Strength.REQUIRED, sources[i], results[i], scale, offset).add(planner);
    }
    int last = length - 1;
    change(sources[last], 17, planner);
    Harness.check(results[last].value == 1170);
    change(results[last], 1050, planner);
    Harness.check(sources[last].value == 5);
    change(scale, 5, planner);
    for (int i = 0; i < last; i++) Harness.check(results[i].value == i * 5 + 1000);
    change(offset, 2000, planner);
    long sum = results[last].value;
    for (int i = 0; i < last; i++) {
      Harness.check(results[i].value == i * 5 + 2000);
      sum += results[i].value;
    }
    return sum;
  }

  public static void main(String[] args) {
    Harness.run("deltablue", args, 12_000, n -> chainTest(n) + " " + projectionTest(n));
  }
}
