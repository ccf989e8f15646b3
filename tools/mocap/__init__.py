"""Steps of tools/convert_motion_capture.py: files of rigs and of markers -> motions of the humanoid joints."""
