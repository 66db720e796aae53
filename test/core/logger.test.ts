import { describe, expect, it } from 'vitest'
import { limitLogger, logLevels } from '../../src/core/logger.ts'

describe('limitLogger', () => {
  it.each([
    ['info', ['info: a', 'warn: b']],
    ['warn', ['warn: b']],
    ['silent', []],
  ] as const)('at %s says %j', (level, expected) => {
    const lines: string[] = []
    const logger = limitLogger(
      {
        info: (message) => lines.push(`info: ${message}`),
        warn: (message) => lines.push(`warn: ${message}`),
      },
      level,
    )
    logger.info('a')
    logger.warn('b')
    expect(lines).toEqual(expected)
  })

  it('has these levels', () => {
    expect(logLevels).toEqual(['info', 'warn', 'silent'])
  })
})
