"""Classical features of images, fields and sequences: what a catalogue of them holds, a family of columns a file."""
