"""The parts the screens are made of; each shows what it is given and knows no other."""
