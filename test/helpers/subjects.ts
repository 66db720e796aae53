import type { AttemptSubject } from '../../src/store/attempt.ts'

/** What an attempt is for, where it does not matter what. */
export const someSubject: AttemptSubject = {
  service: 'magnific',
  file: 'src/hero.png',
  source: 'd'.repeat(64),
  params: { scale_factor: '2x' },
  width: 200,
  height: 160,
  estimate: 0.1,
  thumbnail: 'AAAA',
}
