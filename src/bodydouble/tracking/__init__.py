"""Who is who: joins the observations of single frames into tracks of people."""
