// The API in a process of its own, so that its work and its memory are not those of what is measured. Forked with its
// options as JSON, and `latencies` of the tasks in turn; it says its URL over IPC, answers each message with what became of
// the tasks, and ends when its parent lets go of it.
import { createEmulator } from 'unplugin-magnific/emulator'

const { latencies, ...options } = JSON.parse(process.argv[2])
const emulator = await createEmulator({
  ...options,
  ...(latencies && { latency: ({ index }) => latencies[index % latencies.length] }),
})
process.on('message', () => {
  const { tasks, calls } = emulator
  process.send({
    tasks: tasks.map(({ id, history }) => {
      const doneAt = history.at(-1).at
      const knowing = calls.find(
        ({ route, taskId, at }) => route === 'status' && taskId === id && at >= doneAt,
      )
      return { acceptedAt: history[0].at, doneAt, knownAt: knowing?.at }
    }),
    asked: calls.filter(({ route }) => route === 'status' || route === 'list').length,
  })
})
process.once('disconnect', () => void emulator.close())
process.send(emulator.url)
