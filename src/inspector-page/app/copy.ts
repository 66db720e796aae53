import { button, write } from './dom.ts'
import { icon } from './icons.ts'
import { announce } from './announce.ts'

/** A button that puts a text on the clipboard, and says so. */
export function copyButton(label: string, read: () => string): HTMLButtonElement {
  const word = document.createElement('span')
  word.textContent = label
  let timer: ReturnType<typeof setTimeout> | undefined
  const element = button(
    { class: 'button' },
    async () => {
      const isCopied = await copy(read())
      write(word, isCopied ? 'Copied' : 'Select it and copy')
      announce(isCopied ? 'Copied' : 'The browser keeps the clipboard closed.')
      clearTimeout(timer)
      timer = setTimeout(() => write(word, label), 2000)
    },
    icon('copy'),
    word,
  )
  return element
}

/** Files, and servers without TLS that are not on this machine, have no clipboard of the new kind. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'offscreen'
    const { activeElement } = document
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand('copy')
    area.remove()
    if (activeElement instanceof HTMLElement) activeElement.focus()
    return isCopied
  }
}
