/** The part of Tabulator that the bench uses: it comes without types. */
declare module 'tabulator-tables' {
  export class TabulatorFull {
    constructor(place: HTMLElement, options: object);
    addData(rows: readonly object[], atTop: boolean): Promise<unknown>;
    destroy(): void;
  }
}
