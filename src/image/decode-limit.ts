import pLimit from 'p-limit'

/**
 * Runs the work when no other picture is being looked at: decoding one streams its pixels through some 10 MB, whatever its
 * size, and leaves as much with each thread that has done it. With tasks that take seconds, one after the other is soon
 * enough. One for the process, since its memory is.
 */
export const limitDecoding: <T>(work: () => Promise<T>) => Promise<T> = pLimit(1)
