"""The page's tab of articles: the list, a reading page, charts, sync and upload."""
