import hero from './hero.png?magnific=4x'

export function Hero() {
  return <img src={hero} alt="A hill, four times as large" />
}
