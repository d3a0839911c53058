/** Menus and panels that are fetched when somebody seems to want them: until then there is but their button. */

import { type ComponentType, cloneElement, type ReactElement, useEffect, useState } from 'react';
import { notices } from './notices';

/** What is set on a button that opens something. */
export interface ButtonProps {
  onPointerEnter?: () => void;
  onFocus?: () => void;
  onClick?: () => void;
  'aria-haspopup'?: 'menu' | 'dialog' | 'listbox';
  'aria-expanded'?: boolean;
}

/** What a menu or panel is given besides its own. */
export interface LateProps {
  /** The button that opens it. It is drawn by the menu itself as soon as that is there. */
  button: ReactElement<ButtonProps>;
}

/** Make a component of something that is fetched when its button is pointed at, and opens as soon as it is there if the button was pressed.
 *
 * What is fetched opens itself when it is mounted. `isOpen` opens it without its button.
 */
export function late<P extends object>(
  load: () => Promise<ComponentType<P & LateProps>>,
  kind: 'menu' | 'dialog' | 'listbox' = 'menu',
) {
  return function Late(props: P & LateProps & { isOpen?: boolean }) {
    const { button, isOpen = false } = props;
    const [Whole, setWhole] = useState<ComponentType<P & LateProps>>();
    const [wanted, setWanted] = useState(false);
    const isWanted = (wanted || isOpen) && !Whole;
    useEffect(() => {
      if (!isWanted) return;
      load().then(
        (loaded) => setWhole(() => loaded),
        () => {
          setWanted(false);
          notices.show({ color: 'red', message: 'The server does not answer: this cannot be opened now.' });
        },
      );
    }, [isWanted]);
    if (Whole) return <Whole {...props} />;
    const fetchAhead = () => void load().catch(() => undefined); // asked for again when it is wanted
    return cloneElement(button, {
      onPointerEnter: fetchAhead,
      onFocus: fetchAhead,
      onClick: () => setWanted(true),
      'aria-haspopup': kind,
      'aria-expanded': false,
    });
  };
}
