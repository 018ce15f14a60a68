/** Copies an element's text; where the browser does not let it, selects the text instead. Answers whether it was copied. */
export async function copyText(element: HTMLElement, text = element.textContent): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return false;
  }
}
