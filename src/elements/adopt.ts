import type { CSSResult } from 'lit';

/** Gives the shadow root around a node the styles of something that was loaded late. */
export function adopt(node: Node, { styleSheet }: CSSResult): void {
  const root = node.getRootNode();
  if (!(root instanceof ShadowRoot) || !styleSheet || root.adoptedStyleSheets.includes(styleSheet)) return;
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, styleSheet];
}
