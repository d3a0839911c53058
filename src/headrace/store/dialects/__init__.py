"""The databases, one file each; `headrace.store.dialect` says what a store needs of them and finds them."""
