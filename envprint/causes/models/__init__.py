"""Why two models differ: rules that read a comparison of models, the most particular first, and what they find."""
