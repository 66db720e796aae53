import pLimit from 'p-limit'

/**
 * Runs the work when few pictures are being looked at: decoding one streams its pixels through some 10 MB, whatever its size,
 * and as many threads as there are would do it at once. One for the process, since its memory is.
 */
export const limitDecoding: <T>(work: () => Promise<T>) => Promise<T> = pLimit(2)
