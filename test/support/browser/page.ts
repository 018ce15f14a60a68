import { render, type TemplateResult } from 'lit';

/** Puts a template into the page; `clearPage()` takes everything out again. */
export function mount<E extends Element>(template: TemplateResult): E {
  const place = document.createElement('div');
  document.body.append(place);
  render(template, place);
  return place.firstElementChild as E;
}

export const clearPage = (): void => document.body.replaceChildren();

type Falsy = false | null | undefined | '' | 0;

/** Waits until a condition holds, looking after every frame. @throws with its sentence when it does not come true. */
export async function until<T>(
  condition: () => T | Promise<T>,
  sentence = String(condition),
  limitMs = 15_000,
): Promise<Exclude<T, Falsy>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<T, Falsy>;
    if (performance.now() > end) throw new Error(`Did not come true in ${limitMs} ms: ${sentence}`);
    await nextFrame();
  }
}

/** A frame, or a moment where the page is hidden and has none. */
export const nextFrame = () =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 50);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
