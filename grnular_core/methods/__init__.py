"""Every method behind one registry: expression and TFs in, an edge table out."""
