// Richards: see richards.firn.

final class Richards {
  static final int IDLER = 0, WORKER = 1, HANDLER_A = 2, HANDLER_B = 3, DEVICE_A = 4, DEVICE_B = 5;
  static final int DATA_SIZE = 4;

  // ---- Packets ----

  enum Kind { DEVICE, WORK }

  static final class Packet {
    Packet next;
    int process;
    final Kind kind;
    int datum = 0;
    final int[] data = new int[DATA_SIZE];

    Packet(Packet next, int process, Kind kind) {
      this.next = next;
      this.process = process;
      this.kind = kind;
    }

    Packet appendTo(Packet queue) {
      next = null;
      if (queue == null) return this;
      Packet last = queue;
      while (last.next != null) last = last.next;
      last.next = this;
      return queue;
    }
  }

  // ---- Processes ----

  abstract static class Process {
    final Scheduler scheduler;
    final int number, priority;
    final Process next;
    Packet input;
    boolean hasPacket, isWaiting, isHeld = false;

    Process(Scheduler scheduler, int number, int priority, Packet input, boolean isWaiting) {
      this.scheduler = scheduler;
      this.number = number;
      this.priority = priority;
      this.next = scheduler.first;
      this.input = input;
      this.hasPacket = input != null;
      this.isWaiting = isWaiting;
      scheduler.first = this;
      scheduler.table[number] = this;
    }

    /** Gives the process to run next. */
    abstract Process run(Packet packet);

    boolean canRun() {
      return !isHeld && (hasPacket || !isWaiting);
    }

    Process run() {
      Packet packet = null;
      if (hasPacket && isWaiting && !isHeld) {
        packet = input;
        input = packet.next;
        hasPacket = input != null;
        isWaiting = false;
      }
      return run(packet);
    }

    Process addPacket(Packet packet, Process sender) {
      boolean isFirst = input == null;
      input = packet.appendTo(input);
      if (!isFirst) return sender;
      hasPacket = true;
      return priority > sender.priority ? this : sender;
    }

    Process waitForWork() {
      isWaiting = true;
      return this;
    }

    Process hold() {
      scheduler.holds++;
      isHeld = true;
      return next;
    }

    Process release(int number) {
      Process other = scheduler.table[number];
      if (other == null) return null;
      other.isHeld = false;
      return other.priority > priority ? other : this;
    }

    Process send(Packet packet) {
      Process receiver = scheduler.table[packet.process];
      if (receiver == null) return null;
      scheduler.sent++;
      packet.next = null;
      packet.process = number;
      return receiver.addPacket(packet, this);
    }
  }

  static final class Scheduler {
    Process first = null;
    final Process[] table = new Process[6];
    int sent = 0, holds = 0;

    void run() {
      Process process = first;
      while (process != null) process = process.canRun() ? process.run() : process.next;
    }
  }

  // ---- What they do ----

  static final class Idler extends Process {
    private int control = 1, count = 10_000;

    Idler(Scheduler scheduler, int number, int priority) {
      super(scheduler, number, priority, null, false);
    }

    @Override Process run(Packet packet) {
      count--;
      if (count == 0) return hold();
      boolean isEven = (control & 1) == 0;
      control >>= 1;
      if (isEven) return release(DEVICE_A);
      control ^= 0xd008;
      return release(DEVICE_B);
    }
  }

  static final class Worker extends Process {
    private int handler = HANDLER_A, letter = 0;

    Worker(Scheduler scheduler, int number, int priority, Packet input) {
      super(scheduler, number, priority, input, true);
    }

    @Override Process run(Packet packet) {
      if (packet == null) return waitForWork();
      handler = handler == HANDLER_A ? HANDLER_B : HANDLER_A;
      packet.process = handler;
      packet.datum = 0;
      for (int i = 0; i < DATA_SIZE; i++) {
        letter = letter == 26 ? 1 : letter + 1;
        packet.data[i] = 64 + letter;
      }
      return send(packet);
    }
  }

  static final class Handler extends Process {
    private Packet work = null, devices = null;

    Handler(Scheduler scheduler, int number, int priority, Packet input) {
      super(scheduler, number, priority, input, true);
    }

    @Override Process run(Packet packet) {
      if (packet != null) {
        switch (packet.kind) {
          case WORK -> work = packet.appendTo(work);
          case DEVICE -> devices = packet.appendTo(devices);
        }
      }
      Packet first = work;
      if (first == null) return waitForWork();
      int count = first.datum;
      if (count >= DATA_SIZE) {
        work = first.next;
        return send(first);
      }
      Packet device = devices;
      if (device == null) return waitForWork();
      devices = device.next;
      device.datum = first.data[count];
      first.datum = count + 1;
      return send(device);
    }
  }

  static final class Device extends Process {
    private Packet pending = null;

    Device(Scheduler scheduler, int number, int priority) {
      super(scheduler, number, priority, null, true);
    }

    @Override Process run(Packet packet) {
      if (packet != null) {
        pending = packet;
        return hold();
      }
      Packet done = pending;
      if (done == null) return waitForWork();
      pending = null;
      return send(done);
    }
  }

  // ---- The benchmark ----

  static Packet queue(int length, int process, Kind kind) {
    Packet packets = null;
    for (int i = 0; i < length; i++) packets = new Packet(packets, process, kind);
    return packets;
  }

  static Scheduler simulate() {
    Scheduler scheduler = new Scheduler();
    new Idler(scheduler, IDLER, 0);
    new Worker(scheduler, WORKER, 1000, queue(2, WORKER, Kind.WORK));
    new Handler(scheduler, HANDLER_A, 2000, queue(3, DEVICE_A, Kind.DEVICE));
    new Handler(scheduler, HANDLER_B, 3000, queue(3, DEVICE_B, Kind.DEVICE));
    new Device(scheduler, DEVICE_A, 4000);
    new Device(scheduler, DEVICE_B, 5000);
    scheduler.run();
    return scheduler;
  }

  public static void main(String[] args) {
    Harness.run("richards", args, 100, n -> {
      for (int i = 0; i < n; i++) {
        Scheduler scheduler = simulate();
        Harness.check(scheduler.sent == 23246 && scheduler.holds == 9297);
      }
      return "23246 9297";
    });
  }
}
