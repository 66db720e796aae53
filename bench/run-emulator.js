// The API in a process of its own, so that its work and its memory are not those of what is measured. Forked with its
// options as JSON; it says its URL over IPC, and ends when its parent lets go of it.
import { createEmulator } from 'unplugin-magnific/emulator'

const emulator = await createEmulator(JSON.parse(process.argv[2]))
process.once('disconnect', () => void emulator.close())
process.send(emulator.url)
