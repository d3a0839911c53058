/** Mantine's menu for `late`: opens when it is mounted, since the press of its button is what has fetched it. */

import { Menu, type MenuProps } from '@mantine/core';
import { cloneElement, type ReactElement, type ReactNode, type Ref, useLayoutEffect, useRef, useState } from 'react';
import type { ButtonProps } from './Late';

interface Props extends Omit<MenuProps, 'opened' | 'onChange' | 'children'> {
  button: ReactElement<ButtonProps>;
  children: ReactNode;
}

/** A menu with its button; `children` are what stands in it. */
export function LateMenu({ button, children, ...props }: Props) {
  const [open, setOpen] = useState(false);
  const target = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    // Its button is another element than that which was pressed; the menu gives the focus back to where it was.
    target.current?.focus({ preventScroll: true });
    setOpen(true);
  }, []);
  return (
    <Menu shadow="md" withinPortal {...props} opened={open} onChange={setOpen}>
      <Menu.Target>
        {cloneElement(button as ReactElement<{ ref: Ref<HTMLButtonElement> }>, { ref: target })}
      </Menu.Target>
      {children}
    </Menu>
  );
}
