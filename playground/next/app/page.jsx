import Image from 'next/image'
import Client from './client.jsx'
import hero from './hero.png?magnific=4x'
import styles from './page.module.css'

export default function Page() {
  return (
    <main className={styles.page}>
      <h1>unplugin-magnific and Next</h1>

      <h2>&lt;Image&gt; of a server component</h2>
      {/* The optimizer makes it as wide as the screen wants it: 384 pixels, or 640 on a screen with twice as many. */}
      <Image src={hero} alt="" width={320} data-width={384} />

      <h2>&lt;Image&gt; that ships as it is, with a placeholder</h2>
      <Image src={hero} alt="" placeholder="blur" unoptimized />

      <h2>A plain &lt;img&gt;</h2>
      <img src={hero.src} alt="" width={400} />

      <Client />
    </main>
  )
}
