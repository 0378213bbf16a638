"""What Textual's app needs around it: settings, themes, colours, signs, the clipboard."""
