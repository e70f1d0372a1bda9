import type { Reporter, TestModule, TestSpecification } from 'vitest/node';

const EVERY_MS = 5000;

/** Prints the progress of the tests every few seconds, for output that is not a terminal. */
export class TestProgress implements Reporter {
  private files = 0;
  private readonly ended = { files: 0, tests: 0, failed: 0 };
  private begun = 0;
  private said = 0;

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.files = specifications.length;
    this.begun = this.said = performance.now();
  }

  onTestModuleEnd({ children }: TestModule): void {
    this.ended.files++;
    for (const test of children.allTests()) {
      this.ended.tests++;
      if (test.result().state === 'failed') this.ended.failed++;
    }
    const now = performance.now();
    if (now - this.said < EVERY_MS && this.ended.files < this.files) return;
    this.said = now;
    const { files, tests, failed } = this.ended;
    console.log(`${files} of ${this.files} files, ${tests} tests, ${failed} failed, ${((now - this.begun) / 1000).toFixed(0)} s`);
  }
}
