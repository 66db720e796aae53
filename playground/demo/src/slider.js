/** CSS pixels that a finger may stray sideways before it counts as dragging. */
const SLACK = 6

/**
 * Makes a comparison's divider follow the pointer and the keyboard. The range input holds the value, so
 * that keys, focus and screen readers work as for any slider; dragging moves the divider between its steps.
 * @param {HTMLElement} comparison the element with the two sides, a range input and a divider
 */
export function createSlider(comparison) {
  const range = comparison.querySelector('input[type=range]')

  const split = (percent) => {
    comparison.style.setProperty('--split', `${percent}%`)
    range.setAttribute('aria-valuetext', `${Math.round(percent)}% original`)
  }
  const follow = (event) => {
    const box = comparison.getBoundingClientRect()
    const percent = Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100))
    range.value = percent
    split(percent)
  }

  range.addEventListener('input', () => split(range.valueAsNumber))

  // A finger may be about to scroll the page: the divider waits until it has moved sideways, or was lifted.
  let start = 0
  comparison.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    comparison.setPointerCapture(event.pointerId)
    range.focus({ preventScroll: true, focusVisible: false })
    start = event.pointerType === 'mouse' ? -Infinity : event.clientX
    if (event.pointerType === 'mouse') follow(event)
    // Or the browser would take the focus back from the range.
    event.preventDefault()
  })
  comparison.addEventListener('pointermove', (event) => {
    if (!comparison.hasPointerCapture(event.pointerId)) return
    if (Math.abs(event.clientX - start) < SLACK) return
    start = -Infinity
    follow(event)
  })
  comparison.addEventListener('pointerup', (event) => {
    if (comparison.hasPointerCapture(event.pointerId)) follow(event)
  })

  split(range.valueAsNumber)
}
