import { render, type LitElement } from 'lit';
import { connectToMemory, MemoryBackend } from 'livelit/testing';
import type { Stage, Story } from './story.ts';

/**
 * Plays a story in a place, and says when it stands: then the root element has `data-settled`, and in `data-first` how
 * large the element was, and how far down the page went on, before it knew any data.
 */
export async function play(story: Story, tag: string, place: HTMLElement): Promise<void> {
  await forgetEarlierStories();
  render(story.render(), place);
  const element = place.querySelector<LitElement>(tag)!;
  await element.updateComplete;
  const { dataset } = document.documentElement;
  const { width, height } = element.getBoundingClientRect();
  dataset.first = JSON.stringify({ width, height, below: place.getBoundingClientRect().bottom });
  const project = story.backend?.();
  if (project) connectToMemory(project);
  const stage: Stage = { element, project: project ?? new MemoryBackend(), until };
  await story.act?.(stage);
  await until(() => story.states.every((state) => element.matches(`:state(${state})`)) && drawn(element));
  await element.updateComplete;
  // What follows from the last change has had its turn when two frames have passed.
  await nextFrame();
  await nextFrame();
  dataset.settled = '';
}

/** The stories of one browser share its storage: what one has left unsent, the next one would send. */
async function forgetEarlierStories(): Promise<void> {
  localStorage.clear();
  await new Promise((resolve) => {
    const request = indexedDB.deleteDatabase('livelit');
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });
}

/** A chart's library comes late, and gives the canvas a display of its own when it takes it. */
function drawn({ renderRoot }: LitElement): boolean {
  const canvas = renderRoot.querySelector('canvas');
  return canvas?.style.display !== '';
}

async function until(condition: () => unknown): Promise<void> {
  while (!condition()) await nextFrame();
}

const nextFrame = () => new Promise(requestAnimationFrame);
