// DeltaBlue: see deltablue.firn.
"use strict";
const harness = require("./harness");

// ---- Strengths ----

class Strength {
  constructor(level) { this.level = level; }

  isStronger(other) { return this.level < other.level; }
  weakest(other) { return this.isStronger(other) ? other : this; }
}

const required = new Strength(0);
const preferred = new Strength(1);
const strongDefault = new Strength(2);
const normalDefault = new Strength(3);
const absoluteWeakest = new Strength(4);

// ---- Variables ----

class Variable {
  constructor(value) {
    this.value = value;
    this.constraints = [];
    this.determinedBy = null;
    this.mark = 0;
    this.walkStrength = absoluteWeakest;
    this.stays = true;
  }

  eachConsuming(f) {
    for (const constraint of this.constraints) {
      if (constraint.isSatisfied() && constraint !== this.determinedBy) f(constraint);
    }
  }

  remove(constraint) {
    const place = this.constraints.indexOf(constraint);
    if (place >= 0) this.constraints.splice(place, 1);
    if (this.determinedBy === constraint) this.determinedBy = null;
  }

  isKnown(mark) { return this.mark === mark || this.stays || this.determinedBy === null; }
}

// ---- Constraints ----

class Constraint {
  constructor(strength) { this.strength = strength; }

  isInput() { return false; }
  execute() {}

  add(planner) {
    this.addToVariables();
    planner.add(this);
    return this;
  }

  destroy(planner) {
    if (this.isSatisfied()) planner.remove(this);
    else this.removeFromVariables();
  }

  satisfy(mark, planner) {
    this.chooseMethod(mark);
    if (!this.isSatisfied()) {
      harness.check(this.strength !== required, "a required constraint can't be satisfied");
      return null;
    }
    this.eachInput((input) => { input.mark = mark; });
    const output = this.output();
    const overridden = output.determinedBy;
    if (overridden !== null) overridden.beUnsatisfied();
    output.determinedBy = this;
    harness.check(planner.propagate(this, mark), "there is a cycle");
    output.mark = mark;
    return overridden;
  }
}

class Unary extends Constraint {
  constructor(strength, variable) {
    super(strength);
    this.variable = variable;
    this.satisfied = false;
  }

  isSatisfied() { return this.satisfied; }
  beUnsatisfied() { this.satisfied = false; }
  output() { return this.variable; }
  eachInput() {}
  inputsAreKnown() { return true; }

  addToVariables() {
    this.variable.constraints.push(this);
    this.satisfied = false;
  }

  removeFromVariables() {
    this.variable.remove(this);
    this.satisfied = false;
  }

  chooseMethod(mark) {
    this.satisfied = this.variable.mark !== mark && this.strength.isStronger(this.variable.walkStrength);
  }

  recalculate() {
    this.variable.walkStrength = this.strength;
    this.variable.stays = !this.isInput();
    if (this.variable.stays) this.execute();
  }
}

class Stay extends Unary {}

class Edit extends Unary {
  isInput() { return true; }
}

const none = 0, forward = 1, backward = 2;

class Binary extends Constraint {
  constructor(strength, first, second) {
    super(strength);
    this.first = first;
    this.second = second;
    this.direction = none;
  }

  isSatisfied() { return this.direction !== none; }
  beUnsatisfied() { this.direction = none; }
  input() { return this.direction === forward ? this.first : this.second; }
  output() { return this.direction === forward ? this.second : this.first; }
  eachInput(f) { f(this.input()); }
  inputsAreKnown(mark) { return this.input().isKnown(mark); }

  addToVariables() {
    this.first.constraints.push(this);
    this.second.constraints.push(this);
    this.direction = none;
  }

  removeFromVariables() {
    this.first.remove(this);
    this.second.remove(this);
    this.direction = none;
  }

  chooseMethod(mark) {
    const { first, second, strength } = this;
    const mayChangeFirst = first.mark !== mark && strength.isStronger(first.walkStrength);
    const mayChangeSecond = second.mark !== mark && strength.isStronger(second.walkStrength);
    const prefersFirst = second.mark === mark || (first.mark !== mark && second.walkStrength.isStronger(first.walkStrength));
    if (prefersFirst) this.direction = mayChangeFirst ? backward : none;
    else this.direction = mayChangeSecond ? forward : none;
  }

  recalculate() {
    const input = this.input(), output = this.output();
    output.walkStrength = this.strength.weakest(input.walkStrength);
    output.stays = input.stays;
    if (output.stays) this.execute();
  }
}

class Equal extends Binary {
  execute() { this.output().value = this.input().value; }
}

class Scale extends Binary {
  constructor(strength, first, second, scale, offset) {
    super(strength, first, second);
    this.scale = scale;
    this.offset = offset;
  }

  addToVariables() {
    super.addToVariables();
    this.scale.constraints.push(this);
    this.offset.constraints.push(this);
  }

  removeFromVariables() {
    super.removeFromVariables();
    this.scale.remove(this);
    this.offset.remove(this);
  }

  eachInput(f) {
    f(this.input());
    f(this.scale);
    f(this.offset);
  }

  inputsAreKnown(mark) { return this.input().isKnown(mark) && this.scale.isKnown(mark) && this.offset.isKnown(mark); }

  recalculate() {
    const input = this.input(), output = this.output();
    output.walkStrength = this.strength.weakest(input.walkStrength);
    output.stays = input.stays && this.scale.stays && this.offset.stays;
    if (output.stays) this.execute();
  }

  execute() {
    if (this.direction === forward) this.second.value = this.first.value * this.scale.value + this.offset.value;
    else this.first.value = Math.trunc((this.second.value - this.offset.value) / this.scale.value);
  }
}

// ---- The planner ----

class Planner {
  constructor() { this.mark = 0; }

  newMark() { return ++this.mark; }

  add(constraint) {
    const mark = this.newMark();
    let overridden = constraint.satisfy(mark, this);
    while (overridden !== null) overridden = overridden.satisfy(mark, this);
  }

  remove(constraint) {
    const output = constraint.output();
    constraint.beUnsatisfied();
    constraint.removeFromVariables();
    for (const unsatisfied of this.unsatisfiedFrom(output)) this.add(unsatisfied);
  }

  propagate(constraint, mark) {
    const todo = [constraint];
    while (todo.length > 0) {
      const next = todo.pop();
      if (next.output().mark === mark) {
        this.remove(constraint);
        return false;
      }
      next.recalculate();
      next.output().eachConsuming((consumer) => todo.push(consumer));
    }
    return true;
  }

  unsatisfiedFrom(output) {
    output.determinedBy = null;
    output.walkStrength = absoluteWeakest;
    output.stays = true;
    const unsatisfied = [];
    const todo = [output];
    while (todo.length > 0) {
      const variable = todo.pop();
      for (const constraint of variable.constraints) if (!constraint.isSatisfied()) unsatisfied.push(constraint);
      variable.eachConsuming((consumer) => {
        consumer.recalculate();
        todo.push(consumer.output());
      });
    }
    return unsatisfied.sort((a, b) => a.strength.level - b.strength.level);
  }

  planFor(edits) {
    const mark = this.newMark();
    const plan = [];
    const todo = edits.filter((edit) => edit.isInput() && edit.isSatisfied());
    while (todo.length > 0) {
      const constraint = todo.pop();
      const output = constraint.output();
      if (output.mark !== mark && constraint.inputsAreKnown(mark)) {
        plan.push(constraint);
        output.mark = mark;
        output.eachConsuming((consumer) => todo.push(consumer));
      }
    }
    return plan;
  }
}

// ---- The benchmark ----

function chainTest(length) {
  const planner = new Planner();
  const variables = Array.from({ length: length + 1 }, () => new Variable(0));
  for (let i = 0; i < length; i++) new Equal(required, variables[i], variables[i + 1]).add(planner);
  const last = variables[length];
  new Stay(strongDefault, last).add(planner);
  const edit = new Edit(preferred, variables[0]).add(planner);
  const plan = planner.planFor([edit]);
  for (let i = 0; i < 100; i++) {
    variables[0].value = i;
    for (const constraint of plan) constraint.execute();
    harness.check(last.value === i);
  }
  edit.destroy(planner);
  return plan.length;
}

function change(variable, value, planner) {
  const edit = new Edit(preferred, variable).add(planner);
  const plan = planner.planFor([edit]);
  for (let i = 0; i < 10; i++) {
    variable.value = value;
    for (const constraint of plan) constraint.execute();
  }
  edit.destroy(planner);
}

function projectionTest(length) {
  const planner = new Planner();
  const scale = new Variable(10);
  const offset = new Variable(1000);
  const sources = Array.from({ length }, (_, i) => new Variable(i));
  const results = Array.from({ length }, (_, i) => new Variable(i));
  for (let i = 0; i < length; i++) {
    new Stay(normalDefault, sources[i]).add(planner);
    new Scale(required, sources[i], results[i], scale, offset).add(planner);
  }
  const last = length - 1;
  change(sources[last], 17, planner);
  harness.check(results[last].value === 1170);
  change(results[last], 1050, planner);
  harness.check(sources[last].value === 5);
  change(scale, 5, planner);
  for (let i = 0; i < last; i++) harness.check(results[i].value === i * 5 + 1000);
  change(offset, 2000, planner);
  for (let i = 0; i < last; i++) harness.check(results[i].value === i * 5 + 2000);
  return results.reduce((sum, result) => sum + result.value, 0);
}

harness.run("deltablue", 12000, (n) => `${chainTest(n)} ${projectionTest(n)}`);
