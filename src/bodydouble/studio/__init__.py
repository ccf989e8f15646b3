"""The studio: a local web page on which videos are dropped, and captured motion is looked at and downloaded.

``serve.py`` starts the server, ``app.py`` has its routes, ``static`` the page. Jobs run in processes of their own, from
the queue of ``bodydouble.jobs``; work on untrusted videos runs in a helper process (``helpers.py``).
"""
