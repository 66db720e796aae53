'use client'

import Image from 'next/image'
import { useState } from 'react'
import hero from './hero.png?magnific=4x'

export default function Client() {
  const [width, setWidth] = useState(200)
  return (
    <>
      <h2>A client component</h2>
      <button onClick={() => setWidth(400)}>Larger</button>
      <Image src={hero} alt="" width={width} placeholder="blur" unoptimized />
    </>
  )
}
