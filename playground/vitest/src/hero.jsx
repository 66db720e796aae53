import hero from './hero.png?magnific=4x'
import small from './hero.png?magnific=4x&w=400&as=metadata'
import sizes from './hero.png?magnific=4x&w=400;800&as=srcset'

export function Hero() {
  return (
    <>
      <img src={hero} alt="A hill" />
      <img
        src={small.src}
        width={small.width}
        height={small.height}
        alt="A small hill"
        data-width="400"
      />
      <img src={hero} srcSet={sizes} sizes="800px" alt="A hill in two sizes" />
    </>
  )
}
