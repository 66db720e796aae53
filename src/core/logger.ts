/** Where a host wants to be told things. Vite's own logger is one. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
}

/** How much is said, from everything to nothing; errors fail the build whatever the level. */
export const logLevels = ['info', 'warn', 'silent'] as const

/** One of `logLevels`. */
export type LogLevel = (typeof logLevels)[number]

/** The same logger with everything below the level left out. */
export function limitLogger(logger: Logger, level: LogLevel): Logger {
  const nothing = (): void => {}
  return {
    info: level === 'info' ? (message) => logger.info(message) : nothing,
    warn: level === 'silent' ? nothing : (message) => logger.warn(message),
  }
}
