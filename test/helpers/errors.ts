import { MagnificError } from '../../src/core/errors.ts'

/** The error that some work ends with. It must be ours: anything else is thrown on. */
export async function errorOf(work: () => unknown): Promise<MagnificError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof MagnificError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}
