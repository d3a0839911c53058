"""What ``python -m headrace`` runs."""

from headrace.cli import main

if __name__ == "__main__":
    main()
