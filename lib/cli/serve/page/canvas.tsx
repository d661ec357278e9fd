import { useLayoutEffect, useRef } from 'preact/hooks';

export interface CanvasProps {
  readonly width: number;
  readonly height: number;
  readonly class?: string;
  /** Draws everything; the canvas is empty, and measured in CSS pixels. */
  readonly paint: (context: CanvasRenderingContext2D, width: number, height: number) => void;
}

/** A canvas that is as sharp as the screen. It is drawn whenever its parent is. */
export function Canvas({ width, height, paint, class: name }: CanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext('2d');
    if (!canvas || !context || width <= 0) return;
    const ratio = globalThis.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    // A new size empties the canvas, and costs more than the drawing.
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    paint(context, width, height);
  });
  return <canvas ref={ref} class={name} style={{ width: `${width}px`, height: `${height}px` }} />;
}
