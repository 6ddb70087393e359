"""The order in which a kernel adds: asked, held as a tree, written as text, and said in words."""
