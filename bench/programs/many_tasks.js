const waiting = [], tasks = [];
async function work(n) { return n + await new Promise((wake) => waiting.push(wake)); }
async function run() {
  for (let i = 0; i < 100000; i++) tasks.push(work(i));
  for (const wake of waiting) wake(1);
  let total = 0;
  for (const task of tasks) total += await task;
  console.log(total);
}
run();
