"""The pages: parse a request, call one flow, show one page."""
