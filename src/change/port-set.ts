/** Port numbers as nmap lists them in `scaninfo/@services` and `extrareasons/@ports`: `1-1000,8080`. */
export class PortSet {
  private readonly ranges: readonly (readonly [first: number, last: number])[];

  constructor(list: string) {
    this.ranges = list.split(',').flatMap((part) => {
      const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
      return first === undefined ? [] : [[Number(first), Number(last ?? first)] as const];
    });
  }

  has(port: number): boolean {
    return this.ranges.some(([first, last]) => port >= first && port <= last);
  }
}
