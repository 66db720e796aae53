import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, dirname } from 'node:path'

/**
 * Answers a request with a file, as a server of files does: ranges, conditions, HEAD. Type and caching are the caller's to say.
 *
 * @param file absolute
 * @param fail answers where the file cannot be sent; an HTTP status and a sentence
 * @returns when the response is over
 */
export async function pipeFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
  fail: (status: number, message: string) => void,
): Promise<void> {
  const { default: send } = await import('send')
  await new Promise<void>((done) => {
    const refuse = (status: number, message: string): void => {
      fail(status, message)
      done()
    }
    response.on('close', done)
    send(request, `/${encodeURIComponent(basename(file))}`, {
      root: dirname(file),
      dotfiles: 'allow',
      index: false,
      cacheControl: false,
    })
      .on('error', ({ status, message }: Error & { status?: number }) =>
        refuse(status ?? 500, message),
      )
      .on('directory', () => refuse(404, 'Not Found'))
      .pipe(response)
  })
}
