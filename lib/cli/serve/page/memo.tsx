import { Component, type ComponentType } from 'preact';

/** A component that is drawn again only when one of its props is another one. */
export function memo<P extends object>(Drawn: ComponentType<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const names = new Set([...Object.keys(this.props), ...Object.keys(next)]) as Set<keyof P>;
      return [...names].some((name) => (this.props as P)[name] !== next[name]);
    }

    override render() {
      return <Drawn {...(this.props as P)} />;
    }
  };
}
