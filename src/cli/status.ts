import { formatEstimate } from '../core/format-units.ts'
import { queryKey } from '../core/params.ts'
import type { FieldName } from '../core/params.ts'
import { shorten } from '../purchase/errors.ts'
import { listAttempts } from './workspace.ts'
import type { Listed, Workspace } from './workspace.ts'

/** What a person may have to do something about, or wait for. */
const open: readonly Listed['state'][] = ['ambiguous', 'failed', 'pending', 'submitting']

/** Tells what the journal knows: what is not finished line by line, the rest in figures. */
export async function runStatus(workspace: Workspace, now: number): Promise<void> {
  const { dir, print } = workspace
  const listed = await listAttempts(workspace, now)
  const rows = listed
    .filter(({ state }) => open.includes(state))
    .toSorted((a, b) => open.indexOf(a.state) - open.indexOf(b.state) || a.at.localeCompare(b.at))
  const totals = Object.fromEntries(
    [...new Set(listed.map(({ state }) => state))].map((state) => [
      state,
      listed.filter((entry) => entry.state === state).length,
    ]),
  )
  const sums = Object.entries(totals).map(([state, count]) => `${count} ${state}`)
  print(
    [
      ...rows.flatMap(renderRow),
      sums.length === 0 ? `Nothing was attempted yet in ${dir}.` : `${sums.join(' · ')}  in ${dir}`,
    ].join('\n'),
    { cacheDir: dir, attempts: listed.map(toObject), totals },
  )
}

/** An attempt as people read it: what it is, and the way on where there is one. */
export function renderRow(entry: Listed): string[] {
  const { fingerprint, state, file, task, at, estimate, service = 'magnific' } = entry
  const cells = [
    shorten(fingerprint),
    state.padEnd(10),
    [file || 'unknown file', renderQuery(entry)].filter(Boolean).join('?'),
    at,
    task ? `task ${task}` : '',
    estimate > 0 ? formatEstimate(estimate) : '',
    // What an emulator makes is never taken for a real one, and should not be read as one either.
    service === 'magnific' ? '' : `(${service})`,
  ]
  const ways: Partial<Record<Listed['state'], string>> = {
    ambiguous: `magnific resolve ${shorten(fingerprint)} --adopt <task id>, or --void if there is none`,
    failed: `magnific retry ${shorten(fingerprint)}, and build again`,
    pending: 'magnific resume, or build again, and it is fetched',
  }
  const way = ways[state]
  return [cells.filter(Boolean).join('  '), ...(way ? [`    → ${way}`] : [])]
}

function renderQuery({ attempt }: Listed): string {
  const params = attempt?.owner?.subject.params ?? {}
  return Object.entries(params)
    .map(([name, value]) => `${queryKey(name as FieldName)}=${encodeURIComponent(String(value))}`)
    .join('&')
}

/** An attempt as programs read it. */
export function toObject({ attempt, record: _record, task, service, ...entry }: Listed): object {
  return {
    ...entry,
    service: service ?? null,
    task: task ?? null,
    params: attempt?.owner?.subject.params ?? null,
    reason: attempt?.outcome?.reason ?? null,
    folder: attempt?.folder ?? null,
  }
}
