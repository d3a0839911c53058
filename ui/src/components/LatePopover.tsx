/** Mantine's popover for `late`: opens when it is mounted, since the press of its button is what has fetched it. */

import { Popover, type PopoverProps } from '@mantine/core';
import { cloneElement, type ReactElement, type ReactNode, type Ref, useLayoutEffect, useRef, useState } from 'react';
import type { ButtonProps } from './Late';

interface Props extends Omit<PopoverProps, 'opened' | 'onChange' | 'children'> {
  button: ReactElement<ButtonProps>;
  /** What stands in it; given a function that closes it. Made only while it is open. */
  children: (close: () => void) => ReactNode;
  /** Whether it is open, where others must know. */
  isOpen?: boolean | undefined;
  setOpen?: ((open: boolean) => void) | undefined;
  padding?: string | undefined;
}

/** A panel with its button. */
export function LatePopover({ button, children, isOpen, setOpen, padding, ...props }: Props) {
  const [own, setOwn] = useState(false);
  const open = isOpen ?? own;
  const change = setOpen ?? setOwn;
  const target = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when it is mounted, not when another function is given
  useLayoutEffect(() => {
    // Its button is another element than that which was pressed.
    target.current?.focus({ preventScroll: true });
    change(true);
  }, []);
  return (
    <Popover shadow="md" withinPortal trapFocus returnFocus {...props} opened={open} onChange={change}>
      <Popover.Target>
        {cloneElement(button as ReactElement<ButtonProps & { ref: Ref<HTMLButtonElement> }>, {
          ref: target,
          onClick: () => change(!open),
        })}
      </Popover.Target>
      <Popover.Dropdown {...(padding ? { p: padding } : {})}>{open && children(() => change(false))}</Popover.Dropdown>
    </Popover>
  );
}
