import sharp from 'sharp'

/** A landscape whose details are lost when it is small: what an upscale would bring back can be seen. */
function drawScene(seed: number): string {
  const hue = (seed * 47) % 360
  const lines = Array.from({ length: 60 }, (_, index) => {
    const x = (index * 27 + seed * 13) % 800
    return `<path d="M${x} ${300 + ((index * 53) % 160)}v${30 + (index % 5) * 14}" stroke="hsl(${hue + 90} 40% ${18 + (index % 7) * 4}%)" stroke-width="${1 + (index % 3)}"/>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 500">
    <defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="hsl(${hue} 70% 70%)"/><stop offset="1" stop-color="hsl(${hue + 40} 80% 88%)"/></linearGradient></defs>
    <rect width="800" height="500" fill="url(#s)"/>
    <circle cx="${140 + ((seed * 90) % 520)}" cy="120" r="46" fill="hsl(${hue + 30} 95% 92%)"/>
    <path d="M0 330 L${120 + (seed % 5) * 30} 170 L330 320 L520 ${150 + (seed % 4) * 25} L800 330V500H0Z" fill="hsl(${hue + 20} 35% 45%)"/>
    <path d="M0 380 Q200 ${320 + (seed % 3) * 20} 420 380 T800 370V500H0Z" fill="hsl(${hue + 70} 35% 32%)"/>
    ${lines.join('')}
  </svg>`
}

const made = new Map<string, Promise<Buffer>>()

/** A picture of a width; the same seed is the same scene. */
export async function makeScene(seed: number, width: number): Promise<Buffer> {
  const key = `${seed} ${width}`
  let picture = made.get(key)
  if (!picture) {
    picture = sharp(Buffer.from(drawScene(seed)), { density: 72 })
      .resize(width, Math.round((width * 5) / 8), { fit: 'fill' })
      .webp({ quality: 88 })
      .toBuffer()
    made.set(key, picture)
  }
  return picture
}

/** A drawing at full detail, as a result would be. */
export async function makeResult(seed: number, width: number): Promise<Buffer> {
  const key = `result ${seed} ${width}`
  let picture = made.get(key)
  if (!picture) {
    picture = sharp(Buffer.from(drawScene(seed)), { density: (72 * width) / 800 })
      .resize(width, Math.round((width * 5) / 8), { fit: 'fill' })
      .webp({ quality: 90 })
      .toBuffer()
    made.set(key, picture)
  }
  return picture
}
