/** Answers again what it last answered, as long as it is asked the same. */
export function memoize<Parameters extends readonly unknown[], Result>(
  work: (...parameters: Parameters) => Result,
): (...parameters: Parameters) => Result {
  let last: { readonly parameters: Parameters; readonly result: Result } | undefined;
  return (...parameters) => {
    if (!last?.parameters.every((parameter, index) => parameter === parameters[index])) {
      last = { parameters, result: work(...parameters) };
    }
    return last.result;
  };
}
