import { COLUMNS, moved, withWidth } from './usage-logs-table.columns.ts';
import type { LogTable } from './usage-logs-table.parts.ts';

/** The edge of a column's name is dragged: the column gets as wide. */
export function dragEdge(event: PointerEvent, { lay, host }: LogTable): void {
  const edge = event.target as HTMLElement;
  const heading = edge.closest<HTMLElement>('[role=columnheader]');
  if (!edge.matches('.edge') || !heading) return;
  event.preventDefault();
  const { width } = heading.getBoundingClientRect();
  const turn = getComputedStyle(host).direction === 'rtl' ? -1 : 1;
  edge.setPointerCapture(event.pointerId);
  const drag = ({ clientX }: PointerEvent) =>
    lay((layout) => withWidth(layout, heading.dataset.column!, width + turn * (clientX - event.clientX)));
  const end = new AbortController();
  edge.addEventListener('pointermove', drag, { signal: end.signal });
  for (const type of ['pointerup', 'pointercancel']) {
    edge.addEventListener(type, () => end.abort(), { signal: end.signal });
  }
}

/** A double click on the edge gives the column its own width back. */
export function resetWidth({ target }: MouseEvent, { lay }: LogTable): void {
  const edge = target as HTMLElement;
  if (!edge.matches('.edge')) return;
  const id = edge.closest<HTMLElement>('[role=columnheader]')!.dataset.column!;
  lay((layout) => ({
    ...layout,
    widths: Object.fromEntries(Object.entries(layout.widths).filter(([name]) => name !== id)),
  }));
}

/** A column's name is dragged to the place of another. */
export function dragHeading(event: DragEvent, { view, layout, lay }: LogTable): void {
  const root = (event.currentTarget as Element).getRootNode() as ShadowRoot;
  const id = (event.target as HTMLElement).dataset.column;
  if (!id || !COLUMNS[view.by].some((column) => column.id === id)) return;
  const over = ({ target }: Event) => (target as Element).closest<HTMLElement>('[role=columnheader]')?.dataset.column;
  const end = new AbortController();
  const { signal } = end;
  const seen = layout.order.filter((each) => !layout.hidden.includes(each));
  root.addEventListener('dragover', (hover) => over(hover) && hover.preventDefault(), { signal });
  root.addEventListener('dragend', () => end.abort(), { signal });
  root.addEventListener(
    'drop',
    (drop) => {
      const place = over(drop);
      if (place) lay((last) => moved(last, id, seen.indexOf(place) - seen.indexOf(id)));
    },
    { signal },
  );
}
