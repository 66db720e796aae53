import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Writes a report whole or not at all: who opens it meanwhile has the old one.
 *
 * @throws the error of node:fs
 */
export async function writeReport(file: string, html: string): Promise<void> {
  const folder = dirname(file)
  await mkdir(folder, { recursive: true })
  const tmp = join(folder, `.${basename(file)}.${process.pid}`)
  try {
    await writeFile(tmp, html)
    await rename(tmp, file)
  } finally {
    await rm(tmp, { force: true })
  }
}
