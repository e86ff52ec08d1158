/** Cleaning up after callbacks that may be asynchronous. */

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function';

const settled = async <T>(result: PromiseLike<T>, afterwards: () => void): Promise<T> => {
  try {
    return await result;
  } finally {
    afterwards();
  }
};

/** Runs `act`, and `afterwards` once it has returned, thrown, or the promise it returned has settled. */
export const whenSettled = <T>(act: () => T, afterwards: () => void): T => {
  let pending = false;
  try {
    const result = act();
    if (!isThenable(result)) return result;
    pending = true;
    return settled(result, afterwards) as T;
  } finally {
    if (!pending) afterwards();
  }
};
